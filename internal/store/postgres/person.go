package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// personSQL builds the statements that find who has an id now, and those that
// set the person in our rows without one.
func (w *website) personSQL() {
	id := col(w.user, "u", "id")
	w.personOf = fmt.Sprintf("SELECT pg_current_snapshot()::text, CASE WHEN %s IS NOT NULL THEN %s END FROM (SELECT) one LEFT JOIN %s u ON %s = %s",
		id, w.createdAt(), w.user.sql(), id, w.userID.bind(1))
	w.personsOf = fmt.Sprintf("SELECT %s::text, %s FROM %s u WHERE %s = ANY(%s)", id, w.createdAt(), w.user.sql(), id, w.userID.bindMany())
	for _, t := range []struct{ table, key, known string }{
		{"character", "id", "created_at"}, {"account", "user_id", "updated_at"}, {"play", "user_id", "lease_expires_at"},
	} {
		// Locked rows are left for the next time: this statement waits for
		// nobody, and is not urgent.
		w.adopt = append(w.adopt, fmt.Sprintf(`
UPDATE game.%[1]s r SET user_created_at = n.at
FROM (SELECT r.%[2]s AS key, %[3]s AS at FROM game.%[1]s r JOIN %[4]s u ON %[5]s
	WHERE r.user_created_at IS NULL ORDER BY 1 FOR NO KEY UPDATE OF r SKIP LOCKED) n
WHERE r.%[2]s = n.key`, t.table, t.key, w.createdAt(), w.user.sql(), w.owns("r", t.known)))
	}
}

// createdAt is store.Person of user u, also if the website has no time in the
// column, or an infinite one.
func (w *website) createdAt() string {
	at := w.read(w.user, "u", "createdAt")
	return "COALESCE(CASE WHEN isfinite(" + at + ") THEN date_trunc('milliseconds', " + at + ") END, 'epoch'::timestamptz)"
}

// owns is store.Belongs for one of our rows and a user u with its id.
func (w *website) owns(row, known string) string {
	return fmt.Sprintf("(%s::text = %s.user_id AND (%s.user_created_at = %s OR %s.user_created_at IS NULL AND %s.%s >= %s))",
		col(w.user, "u", "id"), row, row, w.createdAt(), row, row, known, w.createdAt())
}

// person returns the person who has an id now, nil for nobody, and the snapshot
// of the query. The snapshot is zero for an id that nobody can have.
func (s *Store) person(ctx context.Context, userID string) (*time.Time, store.Snapshot, error) {
	const op = "look for the user"
	if !s.web.userID.holds(userID) {
		return nil, store.Snapshot{}, nil
	}
	var text string
	var at *time.Time
	if err := s.pool.QueryRow(ctx, s.web.personOf, userID).Scan(&text, &at); err != nil {
		return nil, store.Snapshot{}, translate(ctx, op, err)
	}
	if at == nil {
		if err := s.absent(ctx, nil); err != nil {
			return nil, store.Snapshot{}, err
		}
	}
	seen, err := parseSnapshot(ctx, op, text)
	return at, seen, err
}

// persons is person for many ids; an id that nobody has is not in the answer.
func (s *Store) persons(ctx context.Context, userIDs []string) (map[string]*time.Time, error) {
	asked := make([]string, 0, len(userIDs))
	for _, id := range userIDs {
		if s.web.userID.holds(id) {
			asked = append(asked, id)
		}
	}
	there := make(map[string]*time.Time, len(asked))
	if len(asked) == 0 {
		return there, nil
	}
	rows, err := s.pool.Query(ctx, s.web.personsOf, asked)
	if err != nil {
		return nil, translate(ctx, "look for users", err)
	}
	var id string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		one := at
		there[id] = &one
		return nil
	})
	if err == nil && len(there) < len(asked) {
		err = s.absent(ctx, nil)
	}
	return there, translate(ctx, "look for users", err)
}

// passing is the person to write into a row that ends by itself.
func passing(there *time.Time) *time.Time {
	if there == nil {
		nobody := store.Nobody()
		return &nobody
	}
	return there
}

// stillPlays reports whether the person of a play record is the one who has its
// id now, or nobody has it.
func (s *Store) stillPlays(ctx context.Context, r db.GamePlay) (bool, error) {
	there, _, err := s.person(ctx, r.UserID)
	return err == nil && store.Belongs(r.UserCreatedAt, r.LeaseExpiresAt, there), err
}

// ownCharacters keeps the characters of one person.
func ownCharacters(rows []db.GameCharacter, there *time.Time) []db.GameCharacter {
	var own []db.GameCharacter
	for _, r := range rows {
		if store.Belongs(r.UserCreatedAt, r.CreatedAt, there) {
			own = append(own, r)
		}
	}
	return own
}

// adoptRows sets the person in rows without one, which older binaries write. A
// row whose user does not exist stays as it is.
func (s *Store) adoptRows(ctx context.Context) error {
	const op = "fill in whose the rows are"
	missing, err := s.q.PersonMissing(ctx)
	if err != nil || missing == nil || !*missing {
		return translate(ctx, op, err)
	}
	var failed error
	for _, query := range s.web.adopt {
		_, err := s.pool.Exec(ctx, query)
		failed = errors.Join(failed, translate(ctx, op, err))
	}
	return failed
}
