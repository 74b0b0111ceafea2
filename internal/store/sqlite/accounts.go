package sqlite

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	r, err := s.reading.GetAccount(ctx, userID)
	if err != nil {
		return nil, s.fail(ctx, "get game account", orNotFound(err, store.ErrGameAccountNotFound))
	}
	return &store.GameAccount{UserID: r.UserID, PasswordHash: r.PasswordHash, LoopbackOnly: r.LoopbackOnly}, nil
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	if err := a.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "set game account", func(t *tx) error {
		var one int
		err := t.sql.QueryRowContext(ctx, s.web.userExists, a.UserID).Scan(&one)
		if err != nil {
			return orNotFound(err, store.ErrUserNotFound)
		}
		return t.PutAccount(ctx, db.PutAccountParams{
			UserID: a.UserID, PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly,
			CreatedAt: millis(t.now), UpdatedAt: millis(t.now),
		})
	})
}
