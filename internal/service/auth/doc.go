// Package auth decides who a player is and carries the player through the
// stages of the way in.
//
// A player shows 32 characters, which is all that the client can send: a
// one-time ticket, or the MD5 form of a game password. Login uses the ticket
// up and opens the play record; at each further stage the same 32 characters
// and a fresh one-time token have to fit that record.
//
// The part keeps nothing in memory between calls, so that any number of
// replicas can run. Secrets come in, their digests go to the store, and
// neither ever reaches a log, a metric or an error.
package auth
