package sqlite

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// CreateTicket implements store.Tickets. It also deletes expired tickets.
func (s *Store) CreateTicket(ctx context.Context, n store.Ticket, lifetime time.Duration) (time.Time, error) {
	if err := n.Validate(lifetime); err != nil {
		return time.Time{}, err
	}
	var at time.Time
	err := s.write(ctx, "create ticket", func(t *tx) error {
		if err := t.DropTickets(ctx, millis(t.now)); err != nil {
			return err
		}
		there, err := t.person(ctx, n.UserID)
		if err != nil {
			return err
		}
		site, err := s.sitePassword(ctx, t, n.UserID)
		if err != nil {
			return err
		}
		at = t.now.Add(lifetime).Truncate(time.Millisecond)
		made, err := t.InsertTicket(ctx, db.InsertTicketParams{
			Digest: n.Digest[:], UserID: n.UserID, UserCreatedAt: passing(there), SessionID: n.SessionID, Address: n.Address, SitePassword: &site, ExpiresAt: millis(at),
		})
		if err == nil && made == 0 {
			// A ticket never gets another owner.
			return errs.Invalid("digest", "is in use; make another ticket")
		}
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	return at, nil
}

// RedeemTicket implements store.Tickets.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	var taken db.GameTicket
	ours := false
	err := s.write(ctx, "redeem ticket", func(t *tx) (err error) {
		taken, err = t.TakeTicket(ctx, db.TakeTicketParams{Digest: digest[:], Now: millis(t.now), Address: address})
		if err != nil {
			return orNotFound(err, store.ErrTicketInvalid)
		}
		there, err := t.person(ctx, taken.UserID)
		ours = belongs(taken.UserCreatedAt, taken.ExpiresAt, there)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !ours { // and it is used up
		return nil, store.ErrTicketInvalid
	}
	ticket := &store.Ticket{Digest: digest, UserID: taken.UserID, SessionID: taken.SessionID, Address: taken.Address}
	if taken.SitePassword != nil {
		ticket.SitePassword = *taken.SitePassword
	}
	return ticket, nil
}
