// Package launcher runs on the player's PC. The website's Play button opens a
// waystone:// link with a one-time ticket; the launcher checks every character
// of it, asks before it leads to a server for the first time, and starts the
// game client with the arguments that skip its sign-in dialogue.
//
// It is linked into a binary of its own and knows nothing of the server.
package launcher
