package sqlite

import "time"

// Unavailable is unavailable, for tests.
var Unavailable = unavailable

// ParseWebsiteTime is parseWebsiteTime in UTC, for tests.
func ParseWebsiteTime(s string) (time.Time, bool) { return parseWebsiteTime(s, time.UTC) }
