package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// userColumns are what userRow scans. Times are cast: the driver would turn
// the column's declared type into a time by rules of its own.
const userColumns = `u.id, u.name, u.username, u."displayUsername", u.email, u."emailVerified", u.image, u.role,
	u.banned, u."banReason", CAST(u."banExpires" AS TEXT), CAST(u."createdAt" AS TEXT), CAST(u."updatedAt" AS TEXT)`

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

func (r *userRow) user() *store.User {
	u := &store.User{
		ID: r.id, Name: r.name.String, Username: r.username.String, DisplayUsername: r.displayUsername.String,
		Email: r.email.String, EmailVerified: r.emailVerified.Bool, Image: r.image.String, Role: r.role.String,
		Banned: r.banned.Bool, BanReason: r.banReason.String,
	}
	if u.Role == "" {
		u.Role = "user"
	}
	// A time that cannot be read is the zero time, which makes a ban last.
	u.BanExpiresAt, _ = parseWebsiteTime(r.banExpires.String)
	u.CreatedAt, _ = parseWebsiteTime(r.createdAt.String)
	u.UpdatedAt, _ = parseWebsiteTime(r.updatedAt.String)
	return u
}

// ReadUser implements store.Reader. The website stores names and addresses in
// lower case and keeps them unique.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	column := "u.id"
	switch by {
	case store.ByID:
	case store.ByUsername:
		column, value = "u.username", strings.ToLower(value)
	case store.ByEmail:
		column, value = "u.email", strings.ToLower(value)
	}
	var r userRow
	err := s.reads.QueryRowContext(ctx, `SELECT `+userColumns+` FROM "user" u WHERE `+column+` = ?`, value).Scan(r.targets()...)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get user", orNotFound(err, store.ErrUserNotFound))
	}
	if by == store.ByID && r.id != value {
		// Where ids are numbers, SQLite takes "007" for 7.
		return nil, store.Snapshot{}, store.ErrUserNotFound
	}
	return r.user(), store.Snapshot{}, nil
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
