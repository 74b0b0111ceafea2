// Package launcher runs on the player's PC. The website's Play button opens a
// waystone:// link with a one-time ticket; the launcher checks every character
// of it, asks before it leads to a server for the first time, and starts the
// game client with the arguments that skip its sign-in dialogue.
//
// A link has no terminal. What the launcher asks and what went wrong is then a
// page on 127.0.0.1 in the player's browser (localPage), guarded against other
// pages and other users of the PC, and a line of a log.
//
// It can also sign in by itself: it shows a code that the player approves on
// the website (RFC 8628), keeps the session's token, and asks the website for
// play links with it.
//
// It is linked into a binary of its own and knows nothing of the server.
package launcher
