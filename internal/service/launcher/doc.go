// Package launcher runs on the player's PC. The website's Play button opens a
// waystone:// link with a one-time ticket; the launcher checks every character
// of it, asks before it leads to a server for the first time, and starts the
// game client with the arguments that skip its sign-in dialogue.
//
// It can also sign in by itself: it shows a code that the player approves on
// the website (RFC 8628), keeps the session's token, and asks the website for
// play links with it.
//
// It is linked into a binary of its own and knows nothing of the server.
package launcher
