package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, _ store.Consistency) (*store.User, error) {
	if !s.web.userID.holds(id) {
		return nil, store.ErrUserNotFound
	}
	return s.user(ctx, "get user by id", s.web.getUser, id)
}

// GetUserByUsername implements store.Users. A site without the username plugin
// has no user names.
func (s *Store) GetUserByUsername(ctx context.Context, username string, _ store.Consistency) (*store.User, error) {
	if s.web.getUserByUsername == "" || username == "" || !storable(username) {
		return nil, store.ErrUserNotFound
	}
	return s.user(ctx, "get user by user name", s.web.getUserByUsername, strings.ToLower(username))
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, _ store.Consistency) (*store.User, error) {
	if email == "" || !storable(email) {
		return nil, store.ErrUserNotFound
	}
	return s.user(ctx, "get user by e-mail", s.web.getUserByEmail, strings.ToLower(email))
}

func (s *Store) user(ctx context.Context, op, query, arg string) (*store.User, error) {
	var u userRow
	if err := s.pool.QueryRow(ctx, query, arg).Scan(u.targets()...); err != nil {
		return nil, noRows(ctx, op, err, store.ErrUserNotFound)
	}
	return u.user(), nil
}

// userRow is what website.userColumns lists.
type userRow struct {
	u       store.User
	expires *time.Time
}

func (r *userRow) targets() []any {
	return []any{
		&r.u.ID, &r.u.Name, &r.u.Username, &r.u.DisplayUsername, &r.u.Email, &r.u.EmailVerified, &r.u.Image,
		&r.u.Role, &r.u.Banned, &r.u.BanReason, &r.expires, &r.u.CreatedAt, &r.u.UpdatedAt,
	}
}

func (r *userRow) user() *store.User {
	u := r.u
	if r.expires != nil {
		u.BanExpiresAt = r.expires.UTC()
	}
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	return &u
}

func collectUser(row pgx.CollectableRow) (*store.User, error) {
	var u userRow
	if err := row.Scan(u.targets()...); err != nil {
		return nil, err
	}
	return u.user(), nil
}
