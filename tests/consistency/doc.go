// Package consistency proves the contract of the database part's cache by
// trying to break it. A run mixes, by a seed, RPCs through two replicas with
// statements as the website would make them, on real PostgreSQL and Redis, while
// faults happen to Redis, to the change feed and to the network. Every answer
// is held against the history of commits.
//
// The rules are those of the contract (internal/store/cached): a write that was
// answered is read from the same replica at once; no answer is more than Bound
// behind a commit, no matter who made it; a fresh read is as current as the database;
// what was revoked never comes back.
//
// That the checker can find something is shown by runs with a part of the
// protection taken away.
package consistency

import "time"

// Bound is how old an answer may be.
const Bound = 250 * time.Millisecond
