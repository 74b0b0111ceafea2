// Package store is the storage contract: the types, the interfaces by subject,
// and the errors that every implementation returns.
//
// Implementations are store/sqlite and store/postgres (engines), store/cached
// (a decorator) and store/remote (the same contract over gRPC to the database
// service). All of them pass the same suite, storetest. That suite defines the
// details of the contract.
//
// Users and sessions are rows of an external website built on better-auth: they
// are read, and sessions are prolonged. Sessions are created and ended only if
// the website's owner grants that. Characters, game accounts, tickets and play
// records are ours.
//
// Every error is an *errs.Error or wraps a context error. Driver errors and SQL
// text leave an implementation only as the cause of an error of kind Internal
// or Unavailable.
package store
