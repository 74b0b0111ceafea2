package auth_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

func TestLoginByTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket(t, "ada1", true)
	resp, err := w.login(t, "ADA", ticket.GetTicket(), "::ffff:"+home)
	if err != nil {
		t.Fatal(err)
	}
	play := resp.GetPlay()
	if resp.GetUser().GetId() != "ada1" || play.GetUserId() != "ada1" || play.GetSessionId() != "session-ada1" ||
		play.GetGeneration() != 1 || play.GetAddress() != home {
		t.Errorf("signed in as %v", resp)
	}
	if w.hashes.Load() != 0 {
		t.Error("a ticket cost a hash")
	}
	if !w.store.playedBy(ticket.GetTicket()) {
		t.Error("the play record has another digest")
	}

	_, err = w.login(t, "ada", ticket.GetTicket(), home)
	want(t, "the same ticket again", err, auth.ErrTicketRefused)

	w.end(t, play)
	again, _ := w.mustLogin(t, "ada1")
	if again.GetPlay().GetGeneration() != 2 {
		t.Errorf("the second sign-in has generation %d", again.GetPlay().GetGeneration())
	}
}

func TestATicketWithAnotherNameIsRefusedAndGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket(t, "ada1", true).GetTicket()
	_, err := w.login(t, "lou", ticket, home)
	want(t, "another's name", err, auth.ErrLoginRefused)
	_, err = w.login(t, "ada", ticket, home)
	want(t, "then the right name", err, auth.ErrTicketRefused)
	if opened, _ := w.store.plays(); opened != 0 {
		t.Error("a play record was opened")
	}
}

func TestATicketThatStandsForNobodyAnyMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		change func(s *testStore)
		want   error
	}{
		{"the session was signed out", func(s *testStore) { s.site.DeleteSession(s.t, "session-cleo-0001") }, auth.ErrLoginRefused},
		{"the session expired", func(s *testStore) {
			s.site.SetExpiry(s.t, "session-cleo-0001", s.clock.Now().Add(-time.Second))
		}, auth.ErrLoginRefused},
		{"the user was deleted", func(s *testStore) { s.site.DeleteUser(s.t, "cleo-0001") }, auth.ErrLoginRefused},
		{"the user was banned", func(s *testStore) { s.site.Ban(s.t, "cleo-0001", time.Time{}) }, store.ErrUserBanned},
		{"its time is over", func(s *testStore) { s.clock.Advance(time.Minute) }, auth.ErrTicketRefused},
		{"at its last instant", func(s *testStore) { s.clock.Advance(time.Minute - time.Millisecond) }, nil},
	} {
		w := newWorld(t)
		ticket := w.ticket(t, "cleo-0001", true)
		c.change(w.store)
		_, err := w.login(t, ticket.GetUserName(), ticket.GetTicket(), home)
		want(t, c.what, err, c.want)
		if opened, _ := w.store.plays(); (opened == 1) != (c.want == nil) {
			t.Errorf("%s: %d play records", c.what, opened)
		}
	}
}

func TestLoginByGamePassword(t *testing.T) {
	t.Parallel()
	right, wrong := auth.ClientForm(secret), auth.ClientForm("something else")
	for _, c := range []struct {
		what, name, secret, address string
		change                      func(s *testStore)
		want                        error
	}{
		{what: "right", name: "ada", secret: right},
		{what: "right, other case of the name", name: "Ada", secret: right},
		{what: "wrong", name: "ada", secret: wrong, want: auth.ErrLoginRefused},
		{what: "upper-case form", name: "ada", secret: strings.ToUpper(right), want: auth.ErrTicketRefused},
		{what: "unknown user", name: "zoe", secret: right, want: auth.ErrLoginRefused},
		{what: "no password", name: "ben", secret: right, want: auth.ErrNoGamePassword},
		{what: "no password, a stale ticket", name: "ben", secret: auth.NewTicket(), want: auth.ErrTicketRefused},
		{what: "a made-up handle", name: "p.cleo0001", secret: right, want: auth.ErrLoginRefused},
		{what: "loopback only, from here", name: "lou", secret: right, address: "127.0.0.9"},
		{what: "loopback only, from here, IPv6", name: "lou", secret: right, address: "::1"},
		{what: "loopback only, from elsewhere", name: "lou", secret: right, want: auth.ErrLoopbackOnly},
		{what: "loopback only, wrong", name: "lou", secret: wrong, want: auth.ErrLoginRefused},
		{what: "banned", name: "ada", secret: right, change: func(s *testStore) { s.site.Ban(s.t, "ada1", time.Time{}) }, want: store.ErrUserBanned},
		{what: "banned, wrong", name: "ada", secret: wrong, change: func(s *testStore) { s.site.Ban(s.t, "ada1", time.Time{}) }, want: auth.ErrLoginRefused},
		{what: "a hash that nobody can read", name: "ada", secret: right, change: func(s *testStore) {
			s.setAccount(store.GameAccount{UserID: "ada1", PasswordHash: "$2b$10$abc"})
		}, want: auth.ErrLoginRefused},
		{what: "store down", name: "ada", secret: right, change: func(s *testStore) { s.down(store.ErrUnavailable) }, want: store.ErrUnavailable},
	} {
		w := newWorld(t)
		if c.change != nil {
			c.change(w.store)
		}
		if c.address == "" {
			c.address = home
		}
		_, err := w.login(t, c.name, c.secret, c.address)
		want(t, c.what, err, c.want)
	}
}

// Time is compared by its causes: what the store is asked, and how many hashes
// are computed.
func TestRefusalsCostTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.setAccount(store.GameAccount{UserID: "cleo-0001", PasswordHash: "of another shape"})
	w.store.exec(`UPDATE "user" SET username = 'cleo' WHERE id = 'cleo-0001'`)
	wrong := auth.ClientForm("something else")
	for name, secrets := range map[string]string{"a form": wrong, "no form": auth.NewTicket()[:31] + "Z"} {
		wantHashes := int64(0)
		if secrets == wrong {
			wantHashes = 1
		}
		var first []string
		for _, user := range []string{"ada", "zoe", "ben", "cleo"} {
			w.hashes.Store(0)
			w.store.takeCalls()
			if _, err := w.login(t, user, secrets, home); err == nil {
				t.Fatalf("%s by %s was let in", name, user)
			}
			calls := w.store.takeCalls()
			if first == nil {
				first = calls
			}
			if diff := cmp.Diff(first, calls); diff != "" {
				t.Errorf("%s by %s: store calls differ from ada's:\n%s", name, user, diff)
			}
			if got := w.hashes.Load(); got != wantHashes {
				t.Errorf("%s by %s: %d hashes, want %d", name, user, got, wantHashes)
			}
		}
	}
}

func TestUnknownUserAndWrongPasswordReadTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wrong := auth.ClientForm("something else")
	_, known := w.login(t, "ada", wrong, home)
	_, unknown := w.login(t, "zoe", wrong, home)
	if known == nil || unknown == nil || known.Error() != unknown.Error() {
		t.Errorf("ada gets %v, zoe gets %v", known, unknown)
	}
}

func TestOneTicketOneLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket(t, "ada1", true).GetTicket()
	const n = 100
	got := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, got[i] = w.login(t, "ada", ticket, home) })
	}
	wg.Wait()
	let := 0
	for _, err := range got {
		if err == nil {
			let++
			continue
		}
		want(t, "a copy", err, auth.ErrTicketRefused)
	}
	if let != 1 {
		t.Errorf("%d were let in", let)
	}
}

func TestLoginRequestsAreValidated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ what, name, secret, address, field string }{
		{"empty name", "", auth.NewTicket(), home, "user_name"},
		{"long name", strings.Repeat("a", 65), auth.NewTicket(), home, "user_name"},
		{"short secret", "ada", "x", home, "secret"},
		{"long secret", "ada", auth.NewTicket() + "x", home, "secret"},
		{"no address", "ada", auth.NewTicket(), "", "address"},
		{"a host name", "ada", auth.NewTicket(), "localhost", "address"},
	} {
		_, err := w.login(t, c.name, c.secret, c.address)
		if e := errs.Of(err); e == nil || e.Kind != errs.InvalidArgument || e.Field != c.field {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if calls := w.store.takeCalls(); len(calls) != 0 {
		t.Errorf("the store was asked: %v", calls)
	}
}

// A caller that guesses the secret of the dummy hash still does not get in.
func TestTheDummyFitsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{
		Store: w.store, Now: w.store.clock.Now, Verify: func(string, string) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]error{"zoe": auth.ErrLoginRefused, "ben": auth.ErrNoGamePassword, "ada": nil} {
		_, err := a.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: auth.ClientForm("guessed"), Address: home})
		want(t, name, err, wanted)
	}
}

// A play that its client has not waited for would keep the next sign-in waiting.
func TestThePlayOfAClientThatHasGoneIsEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	ticket := w.ticket(t, "ada1", true)
	w.store.On(faultstore.BeginPlay, faultstore.Times(1, func(_ context.Context, call func() error) error {
		defer leave()
		return call()
	}))
	_, err := w.part.Login(ctx, &authv1.LoginRequest{UserName: ticket.GetUserName(), Secret: ticket.GetTicket(), Address: home})
	want(t, "a client that has gone", err, context.Canceled)
	if begun, living := w.store.plays(); begun != 1 || living != 0 {
		t.Errorf("%d plays were begun, and %d of them go on", begun, living)
	}
	w.mustLogin(t, "ada1")
}
