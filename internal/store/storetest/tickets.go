package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func ticketTests() []test {
	return []test{
		{"LetsInOnce", ticketsOnce},
		{"OfFiftyAtOnceOneGetsIt", ticketsRace},
		{"EndsByTheClock", ticketsExpiry},
		{"BoundToAnAddress", ticketsAddress},
		{"UnknownIsRefused", ticketsUnknown},
		{"LifetimeIsLimited", ticketsLimits},
		{"IsNeverTakenOver", ticketsTaken},
	}
}

func addTicket(ctx context.Context, t testing.TB, e Env, secret, address string, life time.Duration) time.Time {
	t.Helper()
	at, err := e.Store.CreateTicket(ctx, store.Ticket{
		Digest: store.DigestOf(secret), UserID: "user", SessionID: "session", Address: address,
	}, life)
	if err != nil {
		t.Fatalf("CreateTicket: %v", err)
	}
	return at
}

func ticketsOnce(t *testing.T, e Env) {
	ctx := testContext(t)
	at := addTicket(ctx, t, e, "one", "", time.Minute)
	wantTime(t, "end", at, e.Clock.Now().Add(time.Minute))
	addTicket(ctx, t, e, "two", "", time.Minute)
	got := must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("one"), "192.0.2.1"))
	if got.UserID != "user" || got.SessionID != "session" || got.Digest != store.DigestOf("one") {
		t.Errorf("got user %q and session %q", got.UserID, got.SessionID)
	}
	_, err := e.Store.RedeemTicket(ctx, store.DigestOf("one"), "192.0.2.1")
	wantErr(t, "the second time", err, store.ErrTicketInvalid)
	must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("two"), ""))

	// A ticket made by an operator has no session.
	must[time.Time](t)(e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("three"), UserID: "user"}, time.Minute))
	if got := must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("three"), "")); got.SessionID != "" {
		t.Errorf("a ticket without a session came back with %q", got.SessionID)
	}
}

func ticketsRace(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "one", "", time.Minute)
	if n := wins(t, race(50, func(int) error {
		_, err := e.Store.RedeemTicket(ctx, store.DigestOf("one"), "")
		return err
	}), store.ErrTicketInvalid); n != 1 {
		t.Errorf("%d of 50 got the ticket, want 1", n)
	}
}

func ticketsExpiry(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "one", "", time.Minute)
	addTicket(ctx, t, e, "two", "", time.Minute)
	e.Clock.Advance(time.Minute - time.Millisecond)
	must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("one"), ""))
	for range 2 {
		e.Clock.Advance(time.Millisecond) // at first to the end itself
		_, err := e.Store.RedeemTicket(ctx, store.DigestOf("two"), "")
		wantErr(t, "a ticket that is over", err, store.ErrTicketInvalid)
	}
}

func ticketsAddress(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "one", "192.0.2.1", time.Minute)
	for _, other := range []string{"192.0.2.2", "192.0.2.10", ""} {
		_, err := e.Store.RedeemTicket(ctx, store.DigestOf("one"), other)
		wantErr(t, "from address "+other, err, store.ErrTicketInvalid)
	}
	// A stranger who tried has not used it up.
	if got := must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("one"), "192.0.2.1")); got.UserID != "user" {
		t.Errorf("got user %q", got.UserID)
	}
}

func ticketsUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "one", "", time.Minute)
	for _, secret := range []string{"", "One", "one "} {
		_, err := e.Store.RedeemTicket(ctx, store.DigestOf(secret), "")
		wantErr(t, "another secret", err, store.ErrTicketInvalid)
	}
	_, err := e.Store.RedeemTicket(ctx, store.Digest{}, "")
	wantErr(t, "no digest", err, store.ErrTicketInvalid)
}

func ticketsLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "longest", "", store.MaxTicketLifetime)
	for _, life := range []time.Duration{0, -time.Second, store.MaxTicketLifetime + time.Second} {
		_, err := e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("x"), UserID: "user"}, life)
		wantKind(t, "a life of "+life.String(), err, errs.InvalidArgument)
	}
	_, err := e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("x")}, time.Minute)
	wantKind(t, "a ticket for nobody", err, errs.InvalidArgument)
}

func ticketsTaken(t *testing.T, e Env) {
	ctx := testContext(t)
	addTicket(ctx, t, e, "one", "", time.Minute)
	_, err := e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("one"), UserID: "another"}, time.Minute)
	wantKind(t, "a digest in use", err, errs.InvalidArgument)
	if got := must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("one"), "")); got.UserID != "user" {
		t.Errorf("the ticket lets in %q, want its first owner", got.UserID)
	}
}
