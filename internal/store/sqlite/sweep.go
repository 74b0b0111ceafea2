package sqlite

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// Kinds of rows that belong to a person, as ListOwned returns them.
const (
	ownCharacter = iota + 1
	ownAccount
	ownPlay
	ownTicket
	ownAttempts
)

// How a character is marked, as ListOwned returns it.
const (
	unmarked = iota
	markedByPlayer
	markedBySweep
)

// owned is a row that belongs to a person.
type owned struct {
	db.ListOwnedRow
	there *time.Time // who has the id now
}

func (o *owned) here() bool {
	return o.there != nil && belongs(o.UserCreatedAt, o.Since, o.there)
}

// newlyGone reports whether a row shows that its person is newly gone: it is a
// character without a mark, or another row with a person. Rows without a person
// do not count: they may be of users who are gone for long.
func (o *owned) newlyGone() bool {
	switch o.Kind {
	case ownCharacter:
		return o.Marked == unmarked
	case ownAccount, ownPlay, ownAttempts:
		return o.UserCreatedAt != nil && *o.UserCreatedAt != millis(store.Nobody())
	}
	return false
}

// listOwned reads all rows and who has their ids.
func (s *Store) listOwned(ctx context.Context, q *db.Queries, sq querier) ([]owned, error) {
	rows, err := q.ListOwned(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i, r := range rows { // in the order of users
		if i == 0 || r.UserID != rows[i-1].UserID {
			ids = append(ids, r.UserID)
		}
	}
	there, err := s.persons(ctx, sq, ids)
	if err != nil {
		return nil, err
	}
	all := make([]owned, len(rows))
	for i, r := range rows {
		all[i] = owned{r, there[r.UserID]}
	}
	return all, nil
}

// adoptRows sets the person in rows without one, which older binaries write. A
// row whose user does not exist stays as it is.
func (s *Store) adoptRows(ctx context.Context) error {
	const what = "fill in whose the rows are"
	missing, err := s.reading.PersonMissing(ctx)
	if err != nil || missing == 0 {
		return s.fail(ctx, what, err)
	}
	return s.write(ctx, what, func(t *tx) error {
		all, err := s.listOwned(ctx, t.Queries, t.sql)
		if err != nil {
			return err
		}
		for i := range all {
			o := &all[i]
			if o.UserCreatedAt != nil || !o.here() {
				continue
			}
			at := stored(o.there)
			switch o.Kind {
			case ownCharacter:
				err = t.SetCharacterPerson(ctx, db.SetCharacterPersonParams{UserCreatedAt: at, ID: uint32(o.ID)}) //nolint:gosec // checked by the database
			case ownAccount:
				err = t.SetAccountPerson(ctx, db.SetAccountPersonParams{UserCreatedAt: at, UserID: o.UserID})
			case ownPlay:
				err = t.SetPlayPerson(ctx, db.SetPlayPersonParams{UserCreatedAt: at, UserID: o.UserID})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Sweep implements store.Purger. The write lock is taken only if there is
// something to do. What is done is decided under the lock.
func (s *Store) Sweep(ctx context.Context, r store.SweepRules) (store.Swept, error) {
	const what = "sweep"
	if err := r.Validate(); err != nil {
		return store.Swept{}, err
	}
	if err := s.WebsiteHidden(ctx); err != nil {
		return store.Swept{}, err
	}
	if err := s.adoptRows(ctx); err != nil {
		return store.Swept{}, err
	}
	all, err := s.listOwned(ctx, s.reading, s.reads)
	if err != nil {
		return store.Swept{}, s.fail(ctx, what, err)
	}
	round := newRound(all)
	if len(round.gone) == 0 && len(round.returned) == 0 {
		return store.Swept{Persons: round.persons}, nil
	}
	var done store.Swept
	var refused error
	err = s.write(ctx, what, func(t *tx) error {
		all, err := s.listOwned(ctx, t.Queries, t.sql)
		if err != nil {
			return err
		}
		done, refused, err = t.sweep(ctx, newRound(all), r)
		return err
	})
	if err != nil {
		return store.Swept{}, err
	}
	return done, refused
}

// round is what a sweep has found.
type round struct {
	persons, newly int
	gone, returned []*owned
}

func newRound(all []owned) round {
	type person struct {
		id      string
		created int64
	}
	var found round
	persons := map[person]bool{} // whether newly gone
	for i := range all {
		o := &all[i]
		p := person{id: o.UserID, created: -1}
		if o.UserCreatedAt != nil {
			p.created = *o.UserCreatedAt
		}
		switch {
		case !o.here():
			found.gone = append(found.gone, o)
			persons[p] = persons[p] || o.newlyGone()
			continue
		case o.Marked == markedBySweep:
			found.returned = append(found.returned, o)
		}
		persons[p] = persons[p] || false
	}
	found.persons = len(persons)
	for _, newly := range persons {
		if newly {
			found.newly++
		}
	}
	return found
}

// sweep does the work of Sweep. If it refuses to remove anything, the marks
// that it has already taken back stay so: that a user exists is certain.
func (t *tx) sweep(ctx context.Context, found round, r store.SweepRules) (done store.Swept, refused, err error) {
	done.Persons = found.persons
	now := millis(t.now)
	for _, o := range found.returned {
		n, err := t.TakeMarkBack(ctx, db.TakeMarkBackParams{UpdatedAt: now, ID: uint32(o.ID)}) //nolint:gosec // checked by the database
		if err != nil {
			return done, nil, err
		}
		done.Returned += int(n)
	}
	if len(found.gone) == 0 {
		return done, nil, nil
	}
	var anybody bool
	if err := t.sql.QueryRowContext(ctx, t.store.web.anybody).Scan(&anybody); err != nil {
		return done, nil, err
	}
	if !anybody {
		return done, store.ErrNoUsers, nil
	}
	if refused := r.Judge(found.persons, found.newly); refused != nil {
		return done, refused, nil
	}
	for _, o := range found.gone {
		if err := t.end(ctx, o, millis(t.now.Add(r.Grace)), &done); err != nil {
			return done, nil, err
		}
	}
	return done, nil, nil
}

// end marks or removes one row of a person who is gone.
func (t *tx) end(ctx context.Context, o *owned, deleteAt int64, done *store.Swept) (err error) {
	now := millis(t.now)
	var n int64
	switch o.Kind {
	case ownCharacter:
		id := uint32(o.ID) //nolint:gosec // checked by the database
		switch {
		case o.Marked == unmarked:
			n, err = t.MarkGone(ctx, db.MarkGoneParams{DeleteAt: &deleteAt, Now: now, ID: id})
			done.Marked += int(n)
		case o.Marked == markedBySweep && done.Purged < store.MaxBatch:
			n, err = t.PurgeGone(ctx, db.PurgeGoneParams{ID: id, DeleteAt: &now})
			done.Purged += int(n)
		}
	case ownAccount:
		n, err = t.DropAccount(ctx, o.UserID)
		done.Removed += int(n)
	case ownPlay:
		var generations []int64
		generations, err = t.DropPlay(ctx, db.DropPlayParams{UserID: o.UserID, LeaseExpiresAt: now})
		for _, g := range generations {
			done.Removed++
			if err := t.RaiseGeneration(ctx, g); err != nil {
				return err
			}
		}
	case ownAttempts:
		n, err = t.DropAttemptsOf(ctx, db.DropAttemptsOfParams{UserID: &o.UserID, UserCreatedAt: o.UserCreatedAt})
		done.Removed += int(n)
	case ownTicket:
		n, err = t.DropTicketsOf(ctx, db.DropTicketsOfParams{UserID: o.UserID, ExpiresAt: o.Since})
		done.Removed += int(n)
	}
	return err
}
