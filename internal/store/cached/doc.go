// Package cached is a store.Store that remembers, for a time, what another
// store answered. The one idea: a record lives under its id alone, so taking
// that one key out is always enough.
//
//	user:{id}                  the user
//	session:{id}               the session and the digest of its token
//	character:{id}             the character
//	user:username:{digest}     a user id
//	user:email:{digest}        a user id
//	session:token:{digest}     a session id
//	character:list:{user id}   all character ids of the user
//
// The lower four hold nothing but ids, and a record found through one of them
// is answered only if it still carries the name, the address, the token or the
// owner that was asked for. Digests are SHA-256 in hex: neither names nor
// tokens stand in keys.
//
// Refusals are not cached, and verdicts on sessions are computed when they are
// read. What looks expired, banned or due for the purge in the cache is asked
// of the store.
//
// # What a reader may rely on
//
//   - An answer is at most the TTL older than the store.
//   - A write through this Store evicts before it answers: no later cached read
//     through it gets what was loaded before. The exception is a cache shared
//     with other processes, where another process's late load can put a row
//     back that is older; the first rule still holds.
//   - store.Fresh is as current as the store beneath, whatever the cache holds,
//     and what was loaded before it does not come back through this Store.
//   - A failing cache makes reads slower, never wrong and never an error.
//
// # How a stale load is kept out
//
// Everything that touches a key takes a number from one counter (see guard). A
// load takes its number before it asks the store. Its answer enters the cache
// only if the key was not evicted after that, and nothing newer has entered. A
// caller that finds a load under way joins it only if it began after the last
// eviction.
package cached
