package cached

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// What decides about a sign-in is never cached. The methods are written out and
// not embedded, so that a new method of the contract is not passed through
// unnoticed.

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	return s.inner.GetGameAccount(ctx, userID)
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	return s.inner.SetGameAccount(ctx, a)
}

// CreateTicket implements store.Tickets.
func (s *Store) CreateTicket(ctx context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	return s.inner.CreateTicket(ctx, t, lifetime)
}

// RedeemTicket implements store.Tickets.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	return s.inner.RedeemTicket(ctx, digest, address)
}

// BeginPlay implements store.Plays.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	return s.inner.BeginPlay(ctx, n)
}

// HandOverPlay implements store.Plays.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	return s.inner.HandOverPlay(ctx, h)
}

// AdmitPlay implements store.Plays.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	return s.inner.AdmitPlay(ctx, token, digest, stage)
}

// RenewPlays implements store.Plays.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	return s.inner.RenewPlays(ctx, refs)
}

// EndedPlay implements store.Plays.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	return s.inner.EndedPlay(ctx, digest, address)
}

// EndPlay implements store.Plays.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	return s.inner.EndPlay(ctx, ref)
}

// BeginAttempt implements store.Attempts.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	return s.inner.BeginAttempt(ctx, a, l)
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	return s.inner.EndAttempt(ctx, a, knownFor)
}
