package postgres

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

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
