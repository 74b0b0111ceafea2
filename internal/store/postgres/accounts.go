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
		return nil, s.noRows(ctx, "get game account", err, store.ErrGameAccountNotFound)
	}
	if !store.Belongs(row.UserCreatedAt, row.UpdatedAt, there) {
		return nil, store.ErrGameAccountNotFound
	}
	a := &store.GameAccount{UserID: row.UserID, PasswordHash: row.PasswordHash, LoopbackOnly: row.LoopbackOnly}
	if row.PasswordStamp != nil {
		a.SitePassword = store.PasswordStamp(*row.PasswordStamp).SiteOf(a.PasswordHash)
	}
	return a, nil
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
	// Read before the row is written: if the website's password changes in
	// between, the stored state is the old one, so the game password has ended.
	kept, err := s.sitePassword(ctx, a.UserID)
	if err != nil {
		return err
	}
	var stamp *string
	if kept != "" && a.PasswordHash != "" {
		stamp = new(string(store.StampPasswords(store.PasswordState(kept), store.PasswordState(a.PasswordHash))))
	}
	return translate(ctx, "set game account", s.q.SetAccount(ctx, db.SetAccountParams{
		UserID: a.UserID, UserCreatedAt: there, PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly, PasswordStamp: stamp, At: s.now(),
	}))
}
