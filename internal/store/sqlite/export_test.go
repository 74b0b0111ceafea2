package sqlite

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

// TroubleOf is troubleOf, for tests.
var TroubleOf = troubleOf

// ParseWebsiteTime is parseWebsiteTime in UTC, for tests.
func ParseWebsiteTime(s string) (time.Time, bool) { return parseWebsiteTime(s, time.UTC) }

// BoundPages bounds the pages that the database may have, as a full disk does.
func (s *Store) BoundPages(ctx context.Context, n int) error {
	_, err := s.writes.ExecContext(ctx, "PRAGMA max_page_count = "+strconv.Itoa(n))
	return err
}

// BoundWait bounds how long a write waits for another program, in milliseconds.
func (s *Store) BoundWait(ctx context.Context, ms int) error {
	_, err := s.writes.ExecContext(ctx, "PRAGMA busy_timeout = "+strconv.Itoa(ms))
	return err
}

// During runs f in the middle of a write transaction.
func (s *Store) During(ctx context.Context, f func()) error {
	return s.transact(ctx, "test", func(*sql.Tx) error {
		f()
		return nil
	})
}
