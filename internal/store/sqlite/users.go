package sqlite

import (
	"context"
	"database/sql"
	"strings"
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

// ReadUser implements store.Reader. The website stores names and addresses in
// lower case and keeps them unique.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	var query string
	switch by {
	case store.ByID:
		query = s.web.getUser
	case store.ByUsername:
		query, value = s.web.getUserByUsername, strings.ToLower(value)
	case store.ByEmail:
		query, value = s.web.getUserByEmail, strings.ToLower(value)
	}
	var r userRow
	err := s.reads.QueryRowContext(ctx, query, value).Scan(r.targets()...)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get user", orNotFound(err, store.ErrUserNotFound))
	}
	if by == store.ByID && r.id != value {
		// Where ids are numbers, SQLite takes "007" for 7.
		return nil, store.Snapshot{}, store.ErrUserNotFound
	}
	return r.user(s.zone), store.Snapshot{}, nil
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
