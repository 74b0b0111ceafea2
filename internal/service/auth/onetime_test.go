package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// onceToken is a one-time token in the alphabet of the website, which is wider
// than that of tickets.
const onceToken = "-neTime_oken0123456789ABCDEFabcd"

func TestLoginByOneTimeToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{onceToken, "OneTimeToken0123456789ABCDEFabcd", "0123456789abcdef0123456789abcdef"} {
		w := newWorld(t)
		w.store.users["ada1"].EmailVerified = false // the website let the session's owner in
		w.store.twoFactor["ada1"] = true
		w.store.oneTime[token] = "token-ada1"
		resp, err := w.login(t, "Ada", token, home)
		if err != nil {
			t.Fatal(err)
		}
		if play := resp.GetPlay(); play.GetUserId() != "ada1" || play.GetSessionId() != "session-ada1" {
			t.Errorf("signed in as %v", play)
		}
		if w.store.plays["ada1"].digest != store.DigestOf(token) {
			t.Error("the play record has another digest")
		}
		if w.hashes.Load()+w.scrypts.Load() != 0 {
			t.Error("a token cost a hash")
		}
		if _, err := w.login(t, "ada", token, home); err == nil {
			t.Error("the token let in twice")
		}
	}
}

func TestOneTimeTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, name string
		change     func(*fakeStore)
		want       error
	}{
		{"another's name", "lou", func(*fakeStore) {}, auth.ErrLoginRefused},
		{"never made", "ada", func(f *fakeStore) { delete(f.oneTime, onceToken) }, auth.ErrTicketRefused},
		{"the session was signed out", "ada", func(f *fakeStore) { delete(f.sessions, "token-ada1") }, auth.ErrTicketRefused},
		{"the session expired", "ada", func(f *fakeStore) { f.sessions["token-ada1"].ExpiresAt = f.now.Add(-time.Second) }, auth.ErrTicketRefused},
		{"banned", "ada", func(f *fakeStore) { f.users["ada1"].Banned = true }, store.ErrUserBanned},
		{"not granted", "ada", func(f *fakeStore) { f.ungranted = true }, auth.ErrTicketRefused},
	} {
		w := newWorld(t)
		w.store.oneTime[onceToken] = "token-ada1"
		w.store.change(func() { c.change(w.store) })
		_, err := w.login(t, c.name, onceToken, home)
		want(t, c.what, err, c.want)
		if len(w.store.plays) != 0 {
			t.Errorf("%s: a play record was opened", c.what)
		}
	}
}

// 32 characters are looked up as what they can be, cheapest first.
func TestTheOrderOfLookUps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		what, secret string
		want         []string
	}{
		{"the form of a password", auth.ClientForm("wrong"), []string{
			"RedeemTicket", "RedeemOneTimeToken", "GetUserByUsername", "BeginAttempt", "GetGameAccount",
		}},
		{"letters and digits", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", []string{"RedeemTicket", "RedeemOneTimeToken", "EndedPlay"}},
		{"hyphens", onceToken, []string{"RedeemTicket", "RedeemOneTimeToken", "EndedPlay"}},
		{"anything else", "................................", nil},
	} {
		w.store.takeCalls()
		if _, err := w.login(t, "ada", c.secret, home); err == nil {
			t.Fatalf("%s was let in", c.what)
		}
		if diff := cmp.Diff(c.want, w.store.takeCalls()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}
