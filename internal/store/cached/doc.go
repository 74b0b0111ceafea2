// Package cached is a store.Store with a cache in front of an engine. It keeps
// a value together with the snapshot under which it was read, and uses it only
// if that snapshot sees every change that is known.
//
// # What a reader may rely on
//
//   - After a write through this Store was acknowledged, the caller reads that
//     write, or something newer, from it.
//   - No answer is more than the lease (200 ms) behind a commit of any program.
//     store.Fresh is as current as the engine.
//   - Many readers of one key cost one query. None of them can make the others
//     fail, and each has its own deadline.
//   - If a cache fails, reads become slower. They never become wrong or fail.
//
// # Keys
//
// A record is kept only under its id, so it is enough to remove that one key.
//
//	user:{id}                  the user
//	session:{id}               the session and the digest of its token
//	character:{id}             the character
//	user:username:{digest}     a user id
//	user:email:{digest}        a user id
//	session:token:{digest}     a session id and a user id
//	character:list:{user id}   all character ids of the user
//
// The lower four hold only ids. A record found through one of them is an answer
// only if it still has the name, the address, the token or the owner that was
// asked for. Digests are SHA-256 in hex: keys contain neither names nor tokens.
// Verdicts (expired, banned, to be purged) are never kept: they are computed
// when a record is read, by the clock.
//
// Users, sessions and characters are kept with their wire form too, for the reads
// of storepb.Encoded. In the process, the entry of a token is kept together with
// the answer to which it has led ("whole" in the code), so that the next read
// needs one look-up and not three. Such an answer is used only while both of its
// records are kept in the process unchanged: if one of them is evicted, the
// answer is void too.
//
// # Levels
//
// Records are kept in the process, bounded by Config.NearBytes, and in a cache
// that processes share (Config.Cache, Redis). That a row does not exist is
// remembered in the process only, for AbsentTTL, and until anything appears in
// its table.
//
// With a shared cache, the process also remembers the entries of the last
// MaxHints tokens, even if it keeps nothing else. They save the first of two
// reads from the shared cache. At each use the same rules apply as for a value
// that has just come from the shared cache.
//
// # How old values are kept out
//
// The Store follows the engine's feed (store.Follower). Each change from the
// feed evicts the key and leaves a mark: the id of its transaction. A write
// through this Store evicts the key, and marks it until the feed has passed the
// time of the write. A value from any source is kept and used only if
//
//   - its snapshot covers the floor: the snapshot of the server when the feed
//     began, later the snapshot of a TTL ago;
//   - its snapshot sees the transaction of every mark of its key;
//   - if it was loaded here, its load began after the last eviction of its key;
//   - for a character, the same holds for its user's key: a new user with the
//     id of a former one owns nothing of the former user.
//
// This rule covers a change during a load, an event that comes before its
// commit is visible, a replica that stores an old row late, a Redis that lost a
// write or came back with old values, and a feed that was away. Nothing has to
// be deleted from Redis: an old value there is refused, and the next load
// replaces it. A load never replaces one with a newer snapshot.
//
// The floor implies marks that are older than it, so they are dropped. If there
// are more than MaxMarks, the floor is raised to the newest snapshot.
//
// # When the feed is silent
//
// About every 50 ms the feed is asked how far it is. If the last confirmed question is older
// than the lease, every read goes to the engine, or shares a load that began within
// Config.Recent (100 ms), until the next confirmation. When the feed connects again,
// everything cached is void: the floor is the server's snapshot at that time.
//
// An engine without snapshots (SQLite) has one process and no shared cache:
// there the order of loads and evictions in the process is enough.
package cached
