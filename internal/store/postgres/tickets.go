package postgres

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// CreateTicket implements store.Tickets.
func (s *Store) CreateTicket(ctx context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	if err := t.Validate(lifetime); err != nil {
		return time.Time{}, err
	}
	there, _, err := s.person(ctx, t.UserID)
	if err != nil {
		return time.Time{}, err
	}
	kept, err := s.sitePassword(ctx, t.UserID)
	if err != nil {
		return time.Time{}, err
	}
	site := store.PasswordState(kept)
	now := s.now()
	if err := s.q.DeleteOldTickets(ctx, now); err != nil {
		return time.Time{}, translate(ctx, "sweep tickets", err)
	}
	expires := now.Add(lifetime)
	made, err := s.q.CreateTicket(ctx, db.CreateTicketParams{
		Digest: t.Digest[:], UserID: t.UserID, UserCreatedAt: passing(there), SessionID: t.SessionID, Address: t.Address, SitePassword: &site, ExpiresAt: expires,
	})
	if err != nil {
		return time.Time{}, translate(ctx, "create ticket", err)
	}
	if made == 0 {
		return time.Time{}, errs.Invalid("digest", "is that of a ticket already made")
	}
	return expires, nil
}

// RedeemTicket implements store.Tickets.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	if !storable(address) {
		return nil, store.ErrTicketInvalid
	}
	row, err := s.q.RedeemTicket(ctx, digest[:], s.now(), address)
	if err != nil {
		return nil, s.noRows(ctx, "redeem ticket", err, store.ErrTicketInvalid)
	}
	there, _, err := s.person(ctx, row.UserID)
	if err != nil {
		return nil, err
	}
	if !store.Belongs(row.UserCreatedAt, row.ExpiresAt, there) {
		return nil, store.ErrTicketInvalid
	}
	t := &store.Ticket{Digest: digest, UserID: row.UserID, SessionID: row.SessionID, Address: row.Address}
	if row.SitePassword != nil {
		t.SitePassword = *row.SitePassword
	}
	return t, nil
}
