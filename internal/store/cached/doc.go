// Package cached is a store.Store that remembers what an engine answered, and
// never gives an answer that the engine would no longer give. The one idea: a
// value is kept together with the snapshot it was read under, and is used only
// if that snapshot sees every change that is known.
//
// # What a reader may rely on
//
//   - A caller that got an OK for a write through this Store reads that write,
//     or something newer, from it at once.
//   - No answer is older than the lease (200 ms) behind a commit, whoever
//     committed it. store.Fresh is as current as the engine.
//   - Many readers of one key cost one query. None of them can fail the others,
//     and each is released in its own time.
//   - A cache that fails makes reads slower, never wrong and never an error.
//
// # Keys
//
// A record lives under its id alone, so taking that one key out is enough.
//
//	user:{id}                  the user
//	session:{id}               the session and the digest of its token
//	character:{id}             the character
//	user:username:{digest}     a user id
//	user:email:{digest}        a user id
//	session:token:{digest}     a session id and a user id
//	character:list:{user id}   all character ids of the user
//
// The lower four hold nothing but ids, and a record found through one of them
// is answered only if it still carries the name, the address, the token or the
// owner that was asked for. Digests are SHA-256 in hex: neither names nor
// tokens stand in keys. Verdicts (expired, banned, to be purged) are never
// kept: they are made when a record is read, by the clock.
//
// Users, sessions and characters are kept with their wire form as well, which
// the reads of storepb.Encoded answer with. In the process, the entry of a token
// that has led to an answer is kept with that answer, so that the next read needs
// one look-up and not three. It is one only for as long as both records that it
// was made of are kept in the process, as they were: what evicts a record voids
// what was made of it.
//
// # Levels
//
// Records are kept in the process, bounded by Config.NearBytes, and in a cache
// that processes share (Config.Cache, Redis). That a row is not there is
// remembered in the process alone, for AbsentTTL, and until anything appears in
// its table.
//
// Beside the shared cache, and also when nothing else is kept in the process,
// the entries of the last MaxHints tokens are remembered. They spare the first of
// two looks, and are held at each use to the rules for a value that has just come
// from the shared cache.
//
// # How old values are kept out
//
// The Store follows the engine's feed (store.Follower). Each change that the
// feed tells evicts the key and leaves a mark: the id of its transaction. A
// write through this Store evicts, and marks the key until the feed has passed
// that instant. A value, from wherever it comes, is kept and used only if
//
//   - its snapshot covers the floor: what the server showed when the feed began,
//     and later, what it showed a TTL ago;
//   - its snapshot sees the transaction of every mark of its key;
//   - if it was loaded here, its load began after the last eviction of its key;
//   - of a character, the same holds for its user's key: a user who comes after
//     another under one id owns nothing of his.
//
// That one rule covers a load that was overtaken by a change, an event that
// comes before its commit is visible, a replica that stores an old row late, a
// Redis that lost a write or came back with old values, and a feed that was
// away. Nothing has to be deleted from Redis for that: an old value there is
// refused, and the next load replaces it. Loads replace each other in the order
// of their snapshots, never backwards.
//
// Marks older than the floor are implied by it and dropped. More than MaxMarks
// raise the floor to the newest snapshot.
//
// # When the feed is silent
//
// About every 50 ms the feed is asked how far it is. Once that was asked more
// than the lease ago, every read goes to the engine, or shares a load that began
// within Config.Recent (100 ms), until the next confirmation. When the feed connects anew, all
// that was cached is void: the floor is what the server shows then.
//
// An engine without snapshots (SQLite) has one process and no shared cache: the
// order of its loads and evictions in the process says all.
package cached
