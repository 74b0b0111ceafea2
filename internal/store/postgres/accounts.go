package postgres

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	if !storable(userID) {
		return nil, store.ErrGameAccountNotFound
	}
	there, _, err := s.person(ctx, userID)
	if err != nil {
		return nil, err
	}
	row, err := s.q.GetAccount(ctx, userID)
	if err != nil {
		return nil, noRows(ctx, "get game account", err, store.ErrGameAccountNotFound)
	}
	if !store.Belongs(row.UserCreatedAt, row.UpdatedAt, there) {
		return nil, store.ErrGameAccountNotFound
	}
	return &store.GameAccount{UserID: row.UserID, PasswordHash: row.PasswordHash, LoopbackOnly: row.LoopbackOnly}, nil
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	if err := a.Validate(); err != nil {
		return err
	}
	there, _, err := s.person(ctx, a.UserID)
	if err != nil {
		return err
	}
	if there == nil {
		return store.ErrUserNotFound
	}
	return translate(ctx, "set game account", s.q.SetAccount(ctx, db.SetAccountParams{
		UserID: a.UserID, UserCreatedAt: there, PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly, At: s.now(),
	}))
}
