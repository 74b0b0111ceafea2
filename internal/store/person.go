package store

import "time"

// A website may give the id of a deleted user to another user. Therefore our
// rows name a person: the id, and when the website created the user. With every
// call that depends on it, engines look up who has the id now (nil for nobody).

// Nobody is the person of play records and tickets that were made while no user
// had the id. These rows end by themselves. A user who comes later is never that
// person.
func Nobody() time.Time { return time.Time{} }

// Person returns the time of creation in the form in which persons are
// compared: in whole milliseconds, which every engine and website stores. If
// the website has no time, it is the beginning of 1970.
func Person(createdAt time.Time) time.Time {
	if createdAt.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return createdAt.UTC().Truncate(time.Millisecond)
}

// Belongs reports whether a row belongs to the person who has the id now. If now
// is nil, nobody has the id, and the row belongs to every caller that names the
// id. A row without a person belongs to the user with its id, unless the user is
// newer than the row: known is a time at which the row existed already.
func Belongs(row *time.Time, known time.Time, now *time.Time) bool {
	switch {
	case now == nil:
		return true
	case row == nil:
		return !known.Before(*now)
	}
	return row.Equal(*now)
}
