// Package betterauth holds what a real better-auth 1.7.25 wrote: the schemas
// of its own migrations, rows made over HTTP, and what it answered for them.
// Tests load these files; nothing else reads them.
package betterauth

import "embed"

// Files are the schemas (postgres_schema.sql, sqlite_schema.sql), the rows
// (seed_*.sql; load after the schema), rebase_*.sql, which moves the expiries
// to the time it is run, credentials.json, which says for each user what the
// passwords and tokens are, and variants/, other schemas that better-auth can
// have, without rows.
//
//go:embed *.sql *.json variants/*.sql
var Files embed.FS

// Read returns one of the files as text. It panics when there is no such
// file.
func Read(name string) string {
	b, err := Files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(b)
}
