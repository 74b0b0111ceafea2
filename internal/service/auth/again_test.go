package auth_test

import (
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// ask signs in without ending an earlier play, and reports whether one began.
func (w *world) ask(t *testing.T, name, secret, address string) (began bool, err error) {
	t.Helper()
	resp, err := w.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: secret, Address: address, KeepEarlier: true})
	return resp.GetPlay() != nil, err
}

// The right secret alone ends no earlier play, whichever it is; the second call
// with it does.
func TestAnEarlierPlayGoesOnUntilTheNewcomerDoes(t *testing.T) {
	t.Parallel()
	for way, secretOf := range map[string]func(w *world) string{
		"a ticket":         func(w *world) string { return w.ticket(t, "ada1", true).GetTicket() },
		"a game password":  func(*world) string { return auth.ClientForm(secret) },
		"a one-time token": func(w *world) string { w.store.addOneTimeToken(onceToken, "token-ada1"); return onceToken },
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			former, _ := w.mustLogin(t, "ada1")
			s := secretOf(w)
			began, err := w.ask(t, "ada", s, abroad)
			if err != nil || began {
				t.Fatalf("began %v, %v", began, err)
			}
			if got := w.keepAlive(t, false, former.GetPlay())[0]; got != "" {
				t.Errorf("the earlier play: %s", got)
			}
			if way != "a game password" {
				_, err = w.login(t, "ada", s, home)
				want(t, "from elsewhere", err, auth.ErrTicketRefused)
			}
			w.end(t, former.GetPlay())
			resp, err := w.login(t, "ada", s, abroad)
			if err != nil || resp.GetPlay().GetGeneration() != 2 {
				t.Errorf("once it goes on: %v, %v", resp, err)
			}
		})
	}
}

// With nobody in the way, the play begins at once.
func TestASignInThatWouldKeepAnEarlierPlayBeginsOneWhereThereIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if began, err := w.ask(t, "ada", auth.ClientForm(secret), home); err != nil || !began {
		t.Errorf("began %v, %v", began, err)
	}
}

// A ticket whose play could not begin in time is not lost: it is the only secret
// that the client has.
func TestATicketIsGoodAgainWhenTheEarlierPlayDidNotEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.part.SetClosingWait(50 * time.Millisecond)
	former, _ := w.mustLogin(t, "ada1")
	ticket := w.ticket(t, "ada1", true).GetTicket()
	_, err := w.login(t, "ada", ticket, home)
	want(t, "while it does not end", err, store.ErrPlayClosing)
	w.end(t, former.GetPlay())
	if _, err := w.login(t, "ada", ticket, home); err != nil {
		t.Error(err)
	}
}

// A client that signs in again by itself has the ticket that it used, and no other
// secret.
func TestAUsedTicketLetsItsClientInAgain(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		operators  bool // the ticket has no session
		playing    func(s *testStore)
		goesOn     bool // the play is not ended
		after      func(s *testStore)
		name, from string
		want       error
	}{
		"its play has ended": {},
		"another address":    {from: abroad, want: auth.ErrTicketRefused},
		"another name":       {name: "lou", want: auth.ErrLoginRefused},
		"a minute after, and more": {after: func(s *testStore) {
			s.clock.Advance(store.HandOverLifetime + store.PlayReuse + time.Second)
		}, want: auth.ErrTicketRefused},
		"the session was signed out": {after: func(s *testStore) { s.site.DeleteSession(s.t, "session-ada1") }, want: auth.ErrLoginRefused},
		"the user was banned":        {after: func(s *testStore) { s.site.Ban(s.t, "ada1", time.Time{}) }, want: store.ErrUserBanned},
		"the password was changed":   {after: func(s *testStore) { s.site.SetPassword(s.t, "ada1", "another") }, want: auth.ErrLoginRefused},
		"a newer sign-in has come": {after: func(s *testStore) {
			if _, err := s.beginPlay("ada1"); err != nil {
				s.t.Fatal(err)
			}
		}, want: auth.ErrTicketRefused},
		"a newer sign-in waited":       {playing: func(s *testStore) { s.closePlay("ada1") }, want: auth.ErrTicketRefused},
		"an operator's has no session": {operators: true, want: auth.ErrTicketRefused},
		"the play goes on":             {goesOn: true, want: auth.ErrTicketRefused},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ticket := w.ticket(t, "ada1", !c.operators).GetTicket()
			resp, err := w.login(t, "ada", ticket, home)
			if err != nil {
				t.Fatal(err)
			}
			if c.playing != nil {
				c.playing(w.store)
			}
			if !c.goesOn {
				w.end(t, resp.GetPlay())
			}
			if c.after != nil {
				c.after(w.store)
			}
			name, from := "ada", home
			if c.name != "" {
				name = c.name
			}
			if c.from != "" {
				from = c.from
			}
			began, err := w.ask(t, name, ticket, from)
			want(t, what, err, c.want)
			if began != (c.want == nil) {
				t.Errorf("a play began: %v", began)
			}
		})
	}
}

// The client may be faster than the end of the play that it has left.
func TestAUsedTicketWaitsForTheEndOfItsPlay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.part.SetEndingWait(time.Minute)
	ticket := w.ticket(t, "ada1", true).GetTicket()
	resp, err := w.login(t, "ada", ticket, home)
	if err != nil {
		t.Fatal(err)
	}
	looks := w.store.answers(faultstore.EndedPlay)
	got := make(chan error, 1)
	go func() {
		_, err := w.Login(t.Context(), &authv1.LoginRequest{UserName: "ada", Secret: ticket, Address: home, KeepEarlier: true})
		got <- err
	}()
	for range 2 { // it has asked, and asks again
		want(t, "a look at the play that goes on", <-looks, store.ErrPlayLives)
	}
	select {
	case err := <-got:
		t.Fatalf("answered while the play goes on: %v", err)
	default:
	}
	w.end(t, resp.GetPlay())
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// The form of a game password is never good without the password's own check.
func TestAUsedPasswordFormIsCheckedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resp, err := w.login(t, "ada", auth.ClientForm(secret), home)
	if err != nil {
		t.Fatal(err)
	}
	w.end(t, resp.GetPlay())
	w.store.setAccount(store.GameAccount{UserID: "ada1"})
	_, err = w.login(t, "ada", auth.ClientForm(secret), home)
	want(t, "the password was taken away", err, auth.ErrNoGamePassword)
}
