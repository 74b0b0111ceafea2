// Package sqlite is the storage contract on one SQLite file: the embedded
// default, which needs nothing installed.
//
// One connection writes, in transactions that take the write lock at their
// start. A few others read, each statement on its own: so no read transaction
// is held open, and a website on the same file does not have to wait for one.
// What is checked before a write is checked under the write lock, so rules such
// as "five slots" hold under any concurrency.
//
// If the file has no tables of the website, they are created as better-auth
// creates them. Otherwise they are checked and never altered. Our own tables
// have the prefix game_ and are migrated at Open.
package sqlite
