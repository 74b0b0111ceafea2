// Package auth decides who a player is and carries the player through the
// stages of the way in.
//
// A player shows 32 characters, which is all that the client can send: a
// one-time ticket, a one-time token of the website, or the MD5 form of a game
// password. Login uses the first two up and opens the play record; at each
// further stage the same 32 characters and a fresh number have to fit that
// record. Beside that, SignIn judges passwords of the website as the website
// does. Tries at passwords are counted, and hashing them is shared fairly.
//
// The part keeps nothing in memory between calls, so that any number of
// replicas can run. Secrets come in, their digests go to the store, and
// neither ever reaches a log, a metric or an error.
package auth
