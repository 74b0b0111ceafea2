package sqlite

import (
	"context"
	"database/sql"
	"errors"

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
	a := &store.GameAccount{UserID: r.UserID, PasswordHash: r.PasswordHash, LoopbackOnly: r.LoopbackOnly}
	if r.PasswordStamp != nil {
		a.SitePassword = store.PasswordStamp(*r.PasswordStamp).SiteOf(a.PasswordHash)
	}
	return a, nil
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
		site, err := s.sitePassword(ctx, t, a.UserID)
		if err != nil {
			return err
		}
		var stamp *string
		if site != "" && a.PasswordHash != "" {
			stamp = new(string(store.StampPasswords(site, store.PasswordState(a.PasswordHash))))
		}
		return t.PutAccount(ctx, db.PutAccountParams{
			UserID: a.UserID, UserCreatedAt: stored(there), PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly,
			PasswordStamp: stamp, CreatedAt: millis(t.now), UpdatedAt: millis(t.now),
		})
	})
}

// stampAccount stores the stamp of the game password with which a player signs
// in, if the password is still the stored one and has no stamp, or that of
// another password.
func (t *tx) stampAccount(ctx context.Context, n store.NewPlay, stamp string) error {
	r, err := t.GetAccount(ctx, n.UserID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case store.PasswordState(r.PasswordHash) != n.GamePassword:
		return nil
	case r.PasswordStamp != nil && store.PasswordStamp(*r.PasswordStamp).SiteOf(r.PasswordHash) != "":
		return nil
	}
	return t.StampAccount(ctx, db.StampAccountParams{PasswordStamp: &stamp, UserID: n.UserID})
}
