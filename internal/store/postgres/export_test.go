package postgres

import "github.com/jackc/pglogrepl"

// Internals, for tests.
var (
	Translate   = translate
	FullXid     = fullXid
	ConnectFeed = connectFeed
	FeedConfig  = feedConfig
)

// WithoutPageHeader is withoutPageHeader for pages of 8 KiB.
func WithoutPageHeader(end uint64) uint64 { return uint64(withoutPageHeader(pglogrepl.LSN(end), 8192)) }

// Reads returns the statements behind the reads of single rows.
func (s *Store) Reads() map[string]string {
	return map[string]string{
		"user by an id that is known": s.web.getKnownUser,
		"user by id":                  s.web.getUser, "user by user name": s.web.getUserByUsername,
		"user by e-mail": s.web.getUserByEmail, "session": s.web.getSession,
	}
}

// Connections is how many places in the pool are taken.
func (s *Store) Connections() int { return int(s.pool.Stat().TotalConns()) }

// AttemptStatements returns the statements that count tries.
func AttemptStatements() (begin, sweep, end string) {
	return beginAttemptSQL, sweepAttemptsSQL, endAttemptSQL
}

// Reset lets the pool connect anew.
func (s *Store) Reset() { s.pool.Reset() }
