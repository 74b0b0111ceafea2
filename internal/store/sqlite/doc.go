// Package sqlite is the storage contract on one SQLite file: the embedded
// default, which needs nothing installed.
//
// One connection writes, in transactions that take the write lock at their
// start; a few others read, each statement on its own, so that no read
// transaction is ever held open and a website on the same file is never kept
// waiting. What is checked before a write is checked under the write lock,
// which is why rules such as "five slots" hold under any concurrency.
//
// The website's tables are made as better-auth makes them when the file has
// none, and are checked, never altered, when it has. Our own tables carry the
// prefix game_ and are migrated at Open.
package sqlite
