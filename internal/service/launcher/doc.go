// Package launcher runs on the player's PC. The website's Play button opens a
// waystone:// link with a one-time ticket; the launcher checks every character
// of it, asks before it leads to a server for the first time, and starts the
// game client with the arguments that skip its sign-in dialogue.
//
// A launcher that a link starts has no terminal. Then questions and errors are
// shown on a page on 127.0.0.1 in the player's browser (localPage), which is
// protected from other pages and other users of the PC. Errors are also written to
// a log.
//
// It can also sign in by itself: it shows a code that the player approves on
// the website (RFC 8628), keeps the session's token, and asks the website for
// play links with it.
//
// It is a separate binary and contains no server code.
package launcher
