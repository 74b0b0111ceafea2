package store

import "time"

// A website may give the id of a user out again once the user is gone. A row of
// ours therefore names a person: the id, and when the website made the user.
// Engines find out who is there now (nil for nobody) with every call that
// depends on it.

// Nobody is the person of rows that end by themselves, play records and tickets,
// made while no user had the id. Nobody who comes later is that person.
func Nobody() time.Time { return time.Time{} }

// Person is an instant of creation as persons are told apart by: in whole
// milliseconds, which every engine and website keeps, and the beginning of 1970
// where the website does not say one.
func Person(createdAt time.Time) time.Time {
	if createdAt.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return createdAt.UTC().Truncate(time.Millisecond)
}

// Belongs reports whether a row is that of the person who is there now, nil for
// nobody: then nobody else can want it, and it belongs to whoever names the id.
// A row that does not say whose it is, of a binary that did not know, belongs to
// the user of its id unless it is older: known is when it was there for sure.
func Belongs(row *time.Time, known time.Time, now *time.Time) bool {
	switch {
	case now == nil:
		return true
	case row == nil:
		return !known.Before(*now)
	}
	return row.Equal(*now)
}
