// Package auth decides who a player is and leads the player from stage to stage
// (login, world, game).
//
// A player shows 32 characters, because the client cannot send more: a one-time
// ticket, a one-time token of the website, or the MD5 form of a game password.
// Login uses up a ticket or a token and opens the play record. At each further
// stage the same 32 characters and a new number have to match that record.
// SignIn checks passwords of the website as the website does. Attempts at
// passwords are counted, and the time for hashing is shared fairly between
// networks.
//
// The part keeps nothing in memory between calls, so any number of replicas can
// run. Of a ticket or a game password only a digest or a slow hash is stored.
// Neither a secret nor its digest ever reaches a log, a metric or an error.
package auth
