package faultstore

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCredential passes on to the store beneath.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	return do(ctx, s, GetCredential, func() (*store.Credential, error) { return s.inner.GetCredential(ctx, by, value) })
}

// CreateSession passes on to the store beneath.
func (s *Store) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	r, err := do(ctx, s, CreateSession, func() (r session, err error) {
		r.session, r.user, err = s.inner.CreateSession(ctx, n)
		return r, err
	})
	return r.session, r.user, err
}

// RevokeSession passes on to the store beneath.
func (s *Store) RevokeSession(ctx context.Context, token string) error {
	_, err := do(ctx, s, RevokeSession, func() (struct{}, error) { return struct{}{}, s.inner.RevokeSession(ctx, token) })
	return err
}

// RedeemOneTimeToken passes on to the store beneath.
func (s *Store) RedeemOneTimeToken(ctx context.Context, token string) (*store.Session, *store.User, error) {
	r, err := do(ctx, s, RedeemOneTimeToken, func() (r session, err error) {
		r.session, r.user, err = s.inner.RedeemOneTimeToken(ctx, token)
		return r, err
	})
	return r.session, r.user, err
}
