package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// rowQuerier is a pool or a transaction.
type rowQuerier interface {
	querier
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// personSQL builds the statements that say who has an id now.
func (w *website) personSQL() {
	columns := w.user.text("u", "id") + ", " + w.user.text("u", "createdAt")
	w.personOf = fmt.Sprintf("SELECT %s FROM %s u WHERE %s = ?1", columns, w.user.sql(), w.user.col("u", "id"))
	w.personsOf = fmt.Sprintf("SELECT %s FROM json_each(?1) j JOIN %s u ON %s = j.value", columns, w.user.sql(), w.user.col("u", "id"))
	w.anybody = fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s)", w.user.sql())
}

// createdAt returns the person of a user, from the website's stored time. A
// number that cannot be a time in milliseconds is one in seconds.
func (s *Store) createdAt(stored sql.NullString) time.Time {
	at, ok := parseWebsiteTime(stored.String, s.zone)
	if n, err := strconv.ParseInt(stored.String, 10, 64); !ok && err == nil && n > 0 && n < 253_402_300_800 {
		at = time.Unix(n, 0)
	}
	return store.Person(at)
}

// person returns the person who has an id now, nil for nobody.
func (s *Store) person(ctx context.Context, q rowQuerier, userID string) (*time.Time, error) {
	var id string
	var created sql.NullString
	err := q.QueryRowContext(ctx, s.web.personOf, userID).Scan(&id, &created)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil //nolint:nilnil // nobody
	case err != nil:
		return nil, err
	case id != userID:
		// Where ids are numbers, SQLite takes "007" for 7.
		return nil, nil //nolint:nilnil // nobody
	}
	at := s.createdAt(created)
	return &at, nil
}

// person is Store.person within the transaction.
func (t *tx) person(ctx context.Context, userID string) (*time.Time, error) {
	return t.store.person(ctx, t.sql, userID)
}

// persons is person for many ids; an id that nobody has is not in the answer.
func (s *Store) persons(ctx context.Context, q querier, userIDs []string) (there map[string]*time.Time, err error) {
	list, err := json.Marshal(userIDs)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, s.web.personsOf, string(list))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	there = make(map[string]*time.Time, len(userIDs))
	for rows.Next() {
		var id string
		var created sql.NullString
		if err := rows.Scan(&id, &created); err != nil {
			return nil, err
		}
		at := s.createdAt(created)
		there[id] = &at
	}
	return there, rows.Err()
}

// belongs is store.Belongs for instants as our tables store them.
func belongs(row *int64, known int64, there *time.Time) bool {
	var at *time.Time
	if row != nil {
		one := fromMillis(*row)
		at = &one
	}
	return store.Belongs(at, fromMillis(known), there)
}

// stored is a person as our tables store it; NULL for nobody.
func stored(there *time.Time) *int64 {
	if there == nil {
		return nil
	}
	ms := millis(*there)
	return &ms
}

// passing is stored for a row that ends by itself.
func passing(there *time.Time) *int64 {
	if there == nil {
		nobody := store.Nobody()
		there = &nobody
	}
	return stored(there)
}

// stillPlays reports whether the person of a play record is the one who has its
// id now, or nobody has it.
func (t *tx) stillPlays(ctx context.Context, r db.GamePlay) (bool, error) {
	there, err := t.person(ctx, r.UserID)
	return err == nil && belongs(r.UserCreatedAt, r.LeaseExpiresAt, there), err
}

// gamePassword returns the hash in a game account, which comes as an array
// together with its person; "" if it belongs to another person.
func (s *Store) gamePassword(account string, created sql.NullString) (string, error) {
	var hash string
	var row *int64
	var known int64
	if err := json.Unmarshal([]byte(account), &[]any{&hash, &row, &known}); err != nil {
		return "", err
	}
	there := s.createdAt(created)
	if !belongs(row, known, &there) {
		return "", nil
	}
	return hash, nil
}
