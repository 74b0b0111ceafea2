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
	if got := resp.GetExpiresAt().AsTime(); !got.Equal(w.store.now.Add(time.Minute)) {
		t.Errorf("expires at %v", got)
	}
	if resp.GetUserName() != "ada" {
		t.Errorf("user name %q", resp.GetUserName())
	}
	row := w.store.tickets[store.DigestOf(resp.GetTicket())]
	if row.UserID != "ada1" || row.SessionID != "session-ada1" || row.Address != "" {
		t.Errorf("kept as %+v", row.Ticket)
	}
	resp = w.ticket(t, "cleo-0001", false)
	row = w.store.tickets[store.DigestOf(resp.GetTicket())]
	if resp.GetUserName() != "p.cleo0001" || row.SessionID != "" {
		t.Errorf("an operator's ticket: name %q, kept as %+v", resp.GetUserName(), row.Ticket)
	}
}

// TestABanHoldsAtOnce, though the store's cache has not heard of it: no ticket is
// made, and one that was made before is good for nothing.
func TestABanHoldsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket(t, "ada1", true)
	unbound := w.ticket(t, "ada1", false)
	w.store.change(func() {
		w.store.stale = map[string]*store.User{"ada1": w.store.users["ada1"]}
		banned := *w.store.users["ada1"]
		banned.Banned = true
		w.store.users["ada1"] = &banned
	})
	for what, r := range map[string]*authv1.IssueTicketRequest{
		"by id":      {Subject: &authv1.IssueTicketRequest_UserId{UserId: "ada1"}},
		"by session": {Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: "token-ada1"}},
	} {
		_, err := w.IssueTicket(t.Context(), r)
		want(t, "a ticket "+what, err, store.ErrUserBanned)
	}
	for _, old := range []*authv1.IssueTicketResponse{ticket, unbound} {
		_, err := w.login(t, old.GetUserName(), old.GetTicket(), home)
		want(t, "a sign-in with a ticket from before", err, store.ErrUserBanned)
	}
}

// TestATicketGoesWithItsOwnersNameOfNow, and not with one from before that the
// store's cache still has.
func TestATicketGoesWithItsOwnersNameOfNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	former, latter := w.ticket(t, "ada1", true), w.ticket(t, "ada1", true)
	w.store.change(func() {
		w.store.stale = map[string]*store.User{"ada1": w.store.users["ada1"]}
		renamed := *w.store.users["ada1"]
		renamed.Username = "grace"
		w.store.users["ada1"] = &renamed
	})
	_, err := w.login(t, "ada", former.GetTicket(), home)
	want(t, "the former name", err, auth.ErrLoginRefused)
	_, err = w.login(t, "grace", latter.GetTicket(), home)
	want(t, "the name of now", err, nil)
}

func TestTicketsAreRefusedToThoseWhoMayNotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.users["ben1"].Banned = true
	w.store.users["lou1"].Banned = true
	w.store.users["lou1"].BanExpiresAt = w.store.now.Add(-time.Second)
	w.store.sessions["token-ada1"].ExpiresAt = w.store.now.Add(-time.Second)
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
	w.store.change(func() { w.store.down = store.ErrUnavailable })
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
