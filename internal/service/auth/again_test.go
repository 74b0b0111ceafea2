package auth_test

import (
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// ask signs in without ending an earlier play, and reports whether one began.
func (w *world) ask(t *testing.T, name, secret, address string) (began bool, err error) {
	t.Helper()
	resp, err := w.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: secret, Address: address, KeepEarlier: true})
	return resp.GetPlay() != nil, err
}

// A right secret alone puts nobody out, whichever it is; the second call with it
// does.
func TestAnEarlierPlayGoesOnUntilTheNewcomerDoes(t *testing.T) {
	t.Parallel()
	for way, secretOf := range map[string]func(w *world) string{
		"a ticket":         func(w *world) string { return w.ticket(t, "ada1", true).GetTicket() },
		"a game password":  func(*world) string { return auth.ClientForm(secret) },
		"a one-time token": func(w *world) string { w.store.oneTime[onceToken] = "token-ada1"; return onceToken },
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
			if row := w.store.plays["ada1"]; row.Closing || row.ended || row.ID != former.GetPlay().GetId() {
				t.Errorf("the earlier play is now %+v", row.Play)
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
	type scene struct {
		*world
		play   *databasev1.Play
		ticket string
	}
	for what, c := range map[string]struct {
		change     func(s scene)
		name, from string
		want       error
	}{
		"its play has ended":           {change: func(scene) {}},
		"another address":              {change: func(scene) {}, from: abroad, want: auth.ErrTicketRefused},
		"another name":                 {change: func(scene) {}, name: "lou", want: auth.ErrLoginRefused},
		"a minute after, and more":     {change: func(s scene) { s.store.now = s.store.now.Add(store.HandOverLifetime + store.PlayReuse + time.Second) }, want: auth.ErrTicketRefused},
		"the session was signed out":   {change: func(s scene) { delete(s.store.sessions, "token-ada1") }, want: auth.ErrLoginRefused},
		"the user was banned":          {change: func(s scene) { s.store.users["ada1"].Banned = true }, want: store.ErrUserBanned},
		"the password was changed":     {change: func(s scene) { s.store.hashes["ada1"] = "another" }, want: auth.ErrLoginRefused},
		"a newer sign-in has come":     {change: func(s scene) { s.store.plays["ada1"].digest = store.DigestOf("newer") }, want: auth.ErrTicketRefused},
		"a newer sign-in waited":       {change: func(s scene) { s.store.plays["ada1"].Closing = true }, want: auth.ErrTicketRefused},
		"an operator's has no session": {change: func(s scene) { s.store.plays["ada1"].SessionID = "" }, want: auth.ErrTicketRefused},
		"the play goes on":             {change: func(s scene) { s.store.plays["ada1"].ended = false }, want: auth.ErrTicketRefused},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ticket := w.ticket(t, "ada1", true).GetTicket()
			resp, err := w.login(t, "ada", ticket, home)
			if err != nil {
				t.Fatal(err)
			}
			w.end(t, resp.GetPlay())
			w.store.change(func() { c.change(scene{w, resp.GetPlay(), ticket}) })
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
	w.store.takeCalls()
	got := make(chan error, 1)
	go func() {
		_, err := w.Login(t.Context(), &authv1.LoginRequest{UserName: "ada", Secret: ticket, Address: home, KeepEarlier: true})
		got <- err
	}()
	for looked := 0; looked < 2; time.Sleep(time.Millisecond) { // it has asked, and asks again
		for _, c := range w.store.takeCalls() {
			if c == "EndedPlay" {
				looked++
			}
		}
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
	w.store.change(func() { w.store.accounts["ada1"] = store.GameAccount{UserID: "ada1"} })
	_, err = w.login(t, "ada", auth.ClientForm(secret), home)
	want(t, "the password was taken away", err, auth.ErrNoGamePassword)
}
