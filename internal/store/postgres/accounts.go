package postgres

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	if !storable(userID) {
		return nil, store.ErrGameAccountNotFound
	}
	row, err := s.q.GetAccount(ctx, userID)
	if err != nil {
		return nil, noRows(ctx, "get game account", err, store.ErrGameAccountNotFound)
	}
	return &store.GameAccount{UserID: row.UserID, PasswordHash: row.PasswordHash, LoopbackOnly: row.LoopbackOnly}, nil
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if !s.web.userID.holds(a.UserID) {
		return store.ErrUserNotFound
	}
	var there bool
	if err := s.pool.QueryRow(ctx, s.web.userExists, a.UserID).Scan(&there); err != nil {
		return translate(ctx, "look for the user", err)
	}
	if !there {
		return s.absent(ctx, store.ErrUserNotFound)
	}
	return translate(ctx, "set game account", s.q.SetAccount(ctx, a.UserID, a.PasswordHash, a.LoopbackOnly, s.now()))
}
