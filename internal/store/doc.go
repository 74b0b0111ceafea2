// Package store is the storage contract: the types, the interfaces split by
// noun, and the errors that every implementation gives.
//
// Implementations are store/sqlite and store/postgres (engines),
// store/cached (a decorator) and store/remote (the same contract over gRPC to
// the database service). storetest holds the one suite that all of them pass;
// what the contract means in detail is what that suite checks.
//
// Users and sessions are rows of an external website built on better-auth:
// they are read, sessions are prolonged, and nothing else. Characters, game
// accounts, tickets and play records are ours.
//
// Every error is an *errs.Error or wraps a context error. No driver error and
// no SQL text leaves an implementation other than as the cause of an error of
// kind Internal or Unavailable.
package store
