package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// ReadUser implements store.Reader. For a value that no user can have, there is
// no query, and the snapshot is zero: no transaction can ever create such a
// user. A site without the username plugin has no user names.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	u, seen, err := s.findUser(ctx, by, value)
	return u, seen, s.absent(ctx, err)
}

func (s *Store) findUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	if by != store.ByID {
		var users []*store.User
		var seen store.Snapshot
		at, err := s.byName(by, value, s.web.userQueries(by), func(query string, args ...any) (_ []*store.User, err error) {
			users, seen, err = s.readUsers(ctx, query, args...)
			return users, err
		})
		if err != nil {
			return nil, seen, err
		}
		return users[at], seen, nil
	}
	if !s.web.userID.holds(value) {
		return nil, store.Snapshot{}, store.ErrUserNotFound
	}
	// An id nearly always names a user, and the statement for this case is
	// cheaper. Only if it finds none, the other one is used.
	u, seen, err := s.readUser(ctx, s.web.getKnownUser, value)
	if !errors.Is(err, pgx.ErrNoRows) {
		return u, seen, err
	}
	return s.readUser(ctx, s.web.getUser, value)
}

// readUsers reads users by a statement that returns a snapshot and
// website.userColumns. It returns a row even if there is no user.
func (s *Store) readUsers(ctx context.Context, query string, args ...any) (users []*store.User, seen store.Snapshot, err error) {
	const op = "get user"
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, seen, translate(ctx, op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var at string
		var u userRow
		if err := rows.Scan(u.targets(&at)...); err != nil {
			return nil, seen, translate(ctx, op, err)
		}
		if seen, err = parseSnapshot(ctx, op, at); err != nil {
			return nil, seen, err
		}
		if u.id.Valid {
			users = append(users, u.user())
		}
	}
	return users, seen, translate(ctx, op, rows.Err())
}

// readUser reads a user by a statement that returns a snapshot and
// website.userColumns. If it finds no row at all, the error wraps
// pgx.ErrNoRows.
func (s *Store) readUser(ctx context.Context, query, value string) (*store.User, store.Snapshot, error) {
	const op = "get user"
	var at string
	var u userRow
	if err := s.pool.QueryRow(ctx, query, value).Scan(u.targets(&at)...); err != nil {
		return nil, store.Snapshot{}, translate(ctx, op, err)
	}
	seen, err := parseSnapshot(ctx, op, at)
	if err != nil {
		return nil, store.Snapshot{}, err
	}
	if !u.id.Valid {
		return nil, seen, store.ErrUserNotFound
	}
	return u.user(), seen, nil
}

// ReadSession implements store.Reader. For a text that cannot be a token, there
// is no query, and the snapshot is zero.
func (s *Store) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	stored, ok := s.web.storedToken(token)
	if !ok {
		return nil, nil, store.Snapshot{}, store.ErrSessionNotFound
	}
	sess, u, seen, err := readSession(ctx, "get session", s.pool.QueryRow(ctx, s.web.getSession, stored))
	return sess, u, seen, s.absent(ctx, err)
}

// readSession scans the row of website.getSession.
func readSession(ctx context.Context, op string, row pgx.Row) (*store.Session, *store.User, store.Snapshot, error) {
	var at string
	var r sessionRow
	var u userRow
	if err := row.Scan(append(r.targets(&at), u.targets()...)...); err != nil {
		return nil, nil, store.Snapshot{}, translate(ctx, op, err)
	}
	seen, err := parseSnapshot(ctx, op, at)
	if err != nil {
		return nil, nil, store.Snapshot{}, err
	}
	if !r.id.Valid || !u.id.Valid {
		return nil, nil, seen, store.ErrSessionNotFound
	}
	return r.session(), u.user(), seen, nil
}

// ReadCharacter implements store.Reader.
func (s *Store) ReadCharacter(ctx context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	const op = "get character"
	// A statement that finds no row cannot return its snapshot. So another one
	// has to confirm that there is no row. If there is one by then, the loop
	// begins again.
	for {
		row, err := s.q.ReadCharacter(ctx, int64(id))
		if err == nil {
			seen, err := parseSnapshot(ctx, op, row.Snapshot)
			if err != nil {
				return nil, store.Snapshot{}, err
			}
			// Read after the row: so the row's snapshot is the older one, and a
			// change between the two is reported after that snapshot.
			there, _, err := s.person(ctx, row.GameCharacter.UserID)
			if err != nil {
				return nil, store.Snapshot{}, err
			}
			if len(ownCharacters([]db.GameCharacter{row.GameCharacter}, there)) == 0 {
				return nil, seen, store.ErrCharacterNotFound
			}
			c, err := withItems(row.GameCharacter, row.Items)
			return c, seen, translate(ctx, op, err)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return nil, store.Snapshot{}, translate(ctx, op, err)
		}
		seen, absent, err := absence(ctx, op)(s.q.NoCharacter(ctx, int64(id)))
		if err != nil {
			return nil, store.Snapshot{}, err
		}
		if absent {
			return nil, seen, s.noRows(ctx, op, pgx.ErrNoRows, store.ErrCharacterNotFound)
		}
	}
}

// ReadCharacters implements store.Reader.
func (s *Store) ReadCharacters(ctx context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	const op = "list characters"
	if !storable(userID) {
		return nil, store.Snapshot{}, nil
	}
	// The answer has the snapshot of the older of its two statements.
	there, older, err := s.person(ctx, userID)
	if err != nil {
		return nil, store.Snapshot{}, err
	}
	for {
		rows, err := s.q.ReadCharacters(ctx, userID)
		if err != nil {
			return nil, store.Snapshot{}, translate(ctx, op, err)
		}
		if len(rows) > 0 {
			seen := older
			if seen.IsZero() {
				if seen, err = parseSnapshot(ctx, op, rows[0].Snapshot); err != nil {
					return nil, store.Snapshot{}, err
				}
			}
			var list []*store.Character
			for _, row := range rows {
				if !store.Belongs(row.GameCharacter.UserCreatedAt, row.GameCharacter.CreatedAt, there) {
					continue
				}
				c, err := withItems(row.GameCharacter, row.Items)
				if err != nil {
					return nil, store.Snapshot{}, translate(ctx, op, err)
				}
				list = append(list, c)
			}
			return list, seen, nil
		}
		if err := s.absent(ctx, nil); err != nil {
			return nil, store.Snapshot{}, err
		}
		if !older.IsZero() {
			return nil, older, nil
		}
		seen, absent, err := absence(ctx, op)(s.q.NoCharacters(ctx, userID))
		if err != nil || absent {
			return nil, seen, err
		}
	}
}

// absence reads the answer of a statement that returns its snapshot only if it
// sees no row.
func absence(ctx context.Context, op string) func(text string, err error) (seen store.Snapshot, absent bool, _ error) {
	return func(text string, err error) (store.Snapshot, bool, error) {
		if errors.Is(err, pgx.ErrNoRows) {
			return store.Snapshot{}, false, nil
		}
		if err != nil {
			return store.Snapshot{}, false, translate(ctx, op, err)
		}
		seen, err := parseSnapshot(ctx, op, text)
		return seen, true, err
	}
}

func parseSnapshot(ctx context.Context, op, text string) (store.Snapshot, error) {
	seen, err := store.ParseSnapshot(text)
	return seen, translate(ctx, op, err)
}

// userRow is what website.userColumns lists. Its id is null where there is no
// row.
type userRow struct {
	u                           store.User
	id                          pgtype.Text
	banExpires, created, update pgtype.Timestamptz
}

// targets returns where to scan what comes first and the columns of a user.
func (r *userRow) targets(first ...any) []any {
	return append(first,
		&r.id, &r.u.Name, &r.u.Username, &r.u.DisplayUsername, &r.u.Email, &r.u.EmailVerified, &r.u.Image,
		&r.u.Role, &r.u.Banned, &r.u.BanReason, &r.banExpires, &r.created, &r.update,
	)
}

func (r *userRow) user() *store.User {
	u := r.u
	u.ID = r.id.String
	u.BanExpiresAt, u.CreatedAt, u.UpdatedAt = instantFrom(r.banExpires), instantFrom(r.created), instantFrom(r.update)
	return &u
}

func collectUser(row pgx.CollectableRow) (*store.User, error) {
	var u userRow
	if err := row.Scan(u.targets()...); err != nil {
		return nil, err
	}
	return u.user(), nil
}

// sessionRow is what website.sessionColumns lists. Its id is null where there
// is no row.
type sessionRow struct {
	s                        store.Session
	id                       pgtype.Text
	expires, created, update pgtype.Timestamptz
}

func (r *sessionRow) targets(first ...any) []any {
	return append(first,
		&r.id, &r.s.UserID, &r.expires, &r.created, &r.update, &r.s.IPAddress, &r.s.UserAgent, &r.s.ImpersonatedBy,
	)
}

func (r *sessionRow) session() *store.Session {
	s := r.s
	s.ID = r.id.String
	s.ExpiresAt, s.CreatedAt, s.UpdatedAt = instantFrom(r.expires), instantFrom(r.created), instantFrom(r.update)
	return &s
}

// instantFrom turns null into the zero time. The infinities, which other tools
// write for "never" and "always", become the latest time that a message can
// carry and the beginning of 1970.
func instantFrom(t pgtype.Timestamptz) time.Time {
	switch {
	case !t.Valid:
		return time.Time{}
	case t.InfinityModifier == pgtype.Infinity:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	case t.InfinityModifier == pgtype.NegativeInfinity:
		return time.Unix(0, 0).UTC()
	}
	return t.Time.UTC()
}
