package sqlite

import (
	"strconv"
	"time"
)

// websiteLayout is how the website stores times: as text whose order is the
// order of time.
const websiteLayout = "2006-01-02T15:04:05.000Z"

func websiteTime(t time.Time) string { return t.UTC().Format(websiteLayout) }

// timeFor returns a time as a column stores it: a number of milliseconds since
// 1970 when it is numeric, else text.
func timeFor(t time.Time, numeric bool) any {
	if numeric {
		return t.UnixMilli()
	}
	return websiteTime(t)
}

// parseWebsiteTime reads a time of the website, in its own format or in those
// of other tools: other fractions and zones, a blank between date and time, and
// a number of milliseconds since 1970. Without a zone, it is a time in loc. ok
// is false for anything else.
func parseWebsiteTime(s string, loc *time.Location) (t time.Time, ok bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t.UTC(), true
		}
	}
	if n, ok := parseMillis(s); ok {
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}

// parseMillis accepts eleven digits and more: a smaller number would be
// seconds, or a year. Numbers beyond the year 9999 are not accepted.
func parseMillis(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 9_999_999_999 && n < 253_402_300_800_000
}

// millis is how our tables store times.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
