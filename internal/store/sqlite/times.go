package sqlite

import (
	"strconv"
	"time"
)

// websiteLayout is how the website stores times: as text whose order is the
// order of time.
const websiteLayout = "2006-01-02T15:04:05.000Z"

func websiteTime(t time.Time) string { return t.UTC().Format(websiteLayout) }

// parseWebsiteTime reads a time of the website. Beside its own format it
// takes what other tools write: other fractions and zones, a blank between
// date and time (UTC unless it says otherwise), and a number of milliseconds
// since 1970. ok is false for anything else.
func parseWebsiteTime(s string) (t time.Time, ok bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	// Eleven digits and more: a smaller number would be seconds, or a year.
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 9_999_999_999 {
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}

// millis is how our tables store times.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
