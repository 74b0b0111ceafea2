package sqlite

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	there, err := s.person(ctx, s.reads, userID)
	if err != nil {
		return nil, s.fail(ctx, "get game account", err)
	}
	r, err := s.reading.GetAccount(ctx, userID)
	if err != nil {
		return nil, s.fail(ctx, "get game account", orNotFound(err, store.ErrGameAccountNotFound))
	}
	if !belongs(r.UserCreatedAt, r.UpdatedAt, there) {
		return nil, store.ErrGameAccountNotFound
	}
	return &store.GameAccount{UserID: r.UserID, PasswordHash: r.PasswordHash, LoopbackOnly: r.LoopbackOnly}, nil
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	if err := a.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "set game account", func(t *tx) error {
		there, err := t.person(ctx, a.UserID)
		if err != nil {
			return err
		}
		if there == nil {
			return store.ErrUserNotFound
		}
		return t.PutAccount(ctx, db.PutAccountParams{
			UserID: a.UserID, UserCreatedAt: stored(there), PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly,
			CreatedAt: millis(t.now), UpdatedAt: millis(t.now),
		})
	})
}
