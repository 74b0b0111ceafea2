package sqlite

import (
	"context"
	"strconv"
	"time"
)

// Unavailable is unavailable, for tests.
var Unavailable = unavailable

// ParseWebsiteTime is parseWebsiteTime in UTC, for tests.
func ParseWebsiteTime(s string) (time.Time, bool) { return parseWebsiteTime(s, time.UTC) }

// BoundPages bounds the pages that the database may have, as a full disk does.
func (s *Store) BoundPages(ctx context.Context, n int) error {
	_, err := s.writes.ExecContext(ctx, "PRAGMA max_page_count = "+strconv.Itoa(n))
	return err
}
