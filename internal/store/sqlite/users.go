package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// userRow is a row of the website's user table, where nearly anything may be
// NULL.
type userRow struct {
	id                                     string
	name, username, displayUsername, email sql.NullString
	image, role, banReason                 sql.NullString
	banExpires, createdAt, updatedAt       sql.NullString
	emailVerified, banned                  sql.NullBool
}

func (r *userRow) targets() []any {
	return []any{
		&r.id, &r.name, &r.username, &r.displayUsername, &r.email, &r.emailVerified, &r.image, &r.role,
		&r.banned, &r.banReason, &r.banExpires, &r.createdAt, &r.updatedAt,
	}
}

func (r *userRow) user(zone *time.Location) *store.User {
	u := &store.User{
		ID: r.id, Name: r.name.String, Username: r.username.String, DisplayUsername: r.displayUsername.String,
		Email: r.email.String, EmailVerified: r.emailVerified.Bool, Image: r.image.String, Role: r.role.String,
		Banned: r.banned.Bool, BanReason: r.banReason.String,
	}
	if u.Role == "" {
		u.Role = "user"
	}
	// A time that cannot be read is the zero time, which makes a ban last.
	u.BanExpiresAt, _ = parseWebsiteTime(r.banExpires.String, zone)
	u.CreatedAt, _ = parseWebsiteTime(r.createdAt.String, zone)
	u.UpdatedAt, _ = parseWebsiteTime(r.updatedAt.String, zone)
	return u
}

// ReadUser implements store.Reader.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	var users []*store.User
	read := func(query string, args ...any) (_ []*store.User, err error) {
		users, err = s.readUsers(ctx, s.reads, query, args...)
		return users, err
	}
	var at int
	var err error
	switch by {
	case store.ByID:
		err = byID(value, s.web.getUser, read)
	case store.ByUsername:
		at, err = s.byName(by, value, nameQueries{s.web.getUserByUsername, s.web.usersByUsername}, read)
	case store.ByEmail:
		at, err = s.byName(by, value, nameQueries{s.web.getUserByEmail, s.web.usersByEmail}, read)
	}
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get user", err)
	}
	return users[at], store.Snapshot{}, nil
}

// readUsers returns the users of a query.
func (s *Store) readUsers(ctx context.Context, q querier, query string, args ...any) (users []*store.User, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r userRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, err
		}
		users = append(users, r.user(s.zone))
	}
	return users, rows.Err()
}

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByID, id)
	return u, err
}

// GetUserByUsername implements store.Users.
func (s *Store) GetUserByUsername(ctx context.Context, username string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByUsername, username)
	return u, err
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByEmail, email)
	return u, err
}
