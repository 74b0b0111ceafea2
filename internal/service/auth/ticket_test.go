package auth_test

import (
	"regexp"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestNewTicket(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	seen := map[string]bool{}
	letters := map[rune]int{}
	const n = 2000
	for range n {
		ticket := auth.NewTicket()
		if !shape.MatchString(ticket) || seen[ticket] {
			t.Fatalf("ticket %q has the wrong shape or came twice", ticket)
		}
		seen[ticket] = true
		for _, r := range ticket {
			letters[r]++
		}
	}
	// Each of the 62 is expected 1,032 times, give or take 32; 250 is almost
	// eight times that, so that chance alone does not fail this.
	for r, count := range letters {
		if count < 1032-250 || count > 1032+250 {
			t.Errorf("%q came %d times of %d characters", r, count, n*32)
		}
	}
	if len(letters) != 62 {
		t.Errorf("%d different characters, want 62", len(letters))
	}
}

func TestIssueTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resp := w.ticket(t, "ada1", true)
	if got := resp.GetExpiresAt().AsTime(); !got.Equal(w.store.clock.Now().Add(time.Minute)) {
		t.Errorf("expires at %v", got)
	}
	if resp.GetUserName() != "ada" {
		t.Errorf("user name %q", resp.GetUserName())
	}
	kept := func() *store.Ticket {
		t.Helper()
		ticket, err := w.store.db.RedeemTicket(t.Context(), store.DigestOf(resp.GetTicket()), abroad)
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	row := kept()
	if row.UserID != "ada1" || row.SessionID != "session-ada1" || row.Address != "" {
		t.Errorf("kept as %+v", row)
	}
	resp = w.ticket(t, "cleo-0001", false)
	row = kept()
	if resp.GetUserName() != "p.cleo0001" || row.SessionID != "" {
		t.Errorf("an operator's ticket: name %q, kept as %+v", resp.GetUserName(), row)
	}
}

func TestTicketsAreRefusedToThoseWhoMayNotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	past := w.store.clock.Now().Add(-time.Second)
	w.store.site.Ban(t, "ben1", time.Time{})
	w.store.site.Ban(t, "lou1", past)
	w.store.site.SetExpiry(t, "session-ada1", past)
	byID := func(id string) *authv1.IssueTicketRequest {
		return &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: id}}
	}
	byToken := func(token string) *authv1.IssueTicketRequest {
		return &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: token}}
	}
	bound := byID("ada1")
	bound.Address = "not-an-address"
	for _, c := range []struct {
		what string
		r    *authv1.IssueTicketRequest
		want error
	}{
		{"banned, by id", byID("ben1"), store.ErrUserBanned},
		{"banned, by session", byToken("token-ben1"), store.ErrUserBanned},
		{"a ban that is over", byID("lou1"), nil},
		{"unknown user", byID("nobody"), store.ErrUserNotFound},
		{"unknown session", byToken("no such token"), store.ErrSessionNotFound},
		{"expired session", byToken("token-ada1"), store.ErrSessionExpired},
		{"expired session, but by id", byID("ada1"), nil},
		{"no subject", &authv1.IssueTicketRequest{}, errs.New(errs.InvalidArgument, "INVALID_SUBJECT", "")},
		{"bound to no address", bound, errs.Invalid("address", "")},
	} {
		_, err := w.IssueTicket(t.Context(), c.r)
		want(t, c.what, err, c.want)
	}
	w.store.down(store.ErrUnavailable)
	_, err := w.IssueTicket(t.Context(), byID("ada1"))
	want(t, "store down", err, store.ErrUnavailable)
}

func TestATicketBoundToAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issue := func() string {
		resp, err := w.IssueTicket(t.Context(), &authv1.IssueTicketRequest{
			Subject: &authv1.IssueTicketRequest_UserId{UserId: "ben1"}, Address: "::ffff:" + home,
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetTicket()
	}
	ticket := issue()
	_, err := w.login(t, "ben", ticket, abroad)
	want(t, "from elsewhere", err, auth.ErrTicketRefused)
	if _, err := w.login(t, "ben", ticket, home); err != nil {
		t.Errorf("from its address: %v", err)
	}
}
