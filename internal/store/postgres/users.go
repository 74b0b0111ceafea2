package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByID, id)
	return u, err
}

// GetUserByUsername implements store.Users. A site without the username plugin
// has no user names.
func (s *Store) GetUserByUsername(ctx context.Context, username string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByUsername, username)
	return u, err
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, _ store.Consistency) (*store.User, error) {
	u, _, err := s.ReadUser(ctx, store.ByEmail, email)
	return u, err
}

// ReadUser implements store.Reader. What no row can hold is answered without a
// query, and without a snapshot.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	query, fits := s.web.readUser, s.web.userID.holds(value)
	switch by {
	case store.ByID:
	case store.ByUsername:
		query, fits = s.web.readUserByUsername, value != "" && storable(value)
		value = strings.ToLower(value)
	case store.ByEmail:
		query, fits = s.web.readUserByEmail, value != "" && storable(value)
		value = strings.ToLower(value)
	}
	if query == "" || !fits {
		return nil, store.Snapshot{}, store.ErrUserNotFound
	}
	var r userRow
	var seen string
	if err := s.pool.QueryRow(ctx, query, value).Scan(append([]any{&seen}, r.targets()...)...); err != nil {
		return nil, store.Snapshot{}, translate(ctx, "get user", err)
	}
	at, err := snapshot(seen)
	if err != nil {
		return nil, at, err
	}
	if r.id == nil {
		return nil, at, store.ErrUserNotFound
	}
	return r.user(), at, nil
}

// snapshot reads what a statement saw.
func snapshot(text string) (store.Snapshot, error) {
	at, err := store.ParseSnapshot(text)
	if err != nil {
		return at, errs.New(errs.Internal, "INTERNAL", "internal error").Wrap(err)
	}
	return at, nil
}

// userRow is what website.userColumns lists.
type userRow struct {
	u                         store.User
	id                        *string // nil when there is no row
	expires, created, updated *time.Time
}

func (r *userRow) targets() []any {
	return []any{
		&r.id, &r.u.Name, &r.u.Username, &r.u.DisplayUsername, &r.u.Email, &r.u.EmailVerified, &r.u.Image,
		&r.u.Role, &r.u.Banned, &r.u.BanReason, &r.expires, &r.created, &r.updated,
	}
}

func (r *userRow) user() *store.User {
	u := r.u
	if r.id != nil {
		u.ID = *r.id
	}
	u.BanExpiresAt, u.CreatedAt, u.UpdatedAt = instantOf(r.expires), instantOf(r.created), instantOf(r.updated)
	return &u
}

func collectUser(row pgx.CollectableRow) (*store.User, error) {
	var u userRow
	if err := row.Scan(u.targets()...); err != nil {
		return nil, err
	}
	return u.user(), nil
}
