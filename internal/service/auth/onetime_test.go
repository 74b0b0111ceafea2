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
		// The website let the session's owner in, whose address is not verified.
		w.store.exec(`UPDATE "user" SET "twoFactorEnabled" = 1 WHERE id = 'ada1'`)
		w.store.addOneTimeToken(token, "token-ada1")
		resp, err := w.login(t, "Ada", token, home)
		if err != nil {
			t.Fatal(err)
		}
		if play := resp.GetPlay(); play.GetUserId() != "ada1" || play.GetSessionId() != "session-ada1" {
			t.Errorf("signed in as %v", play)
		}
		if !w.store.playedBy(token) {
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
		change     func(s *testStore)
		want       error
	}{
		{"another's name", "lou", func(*testStore) {}, auth.ErrLoginRefused},
		{"never made", "ada", func(s *testStore) { s.exec("DELETE FROM verification") }, auth.ErrTicketRefused},
		{"the session was signed out", "ada", func(s *testStore) { s.site.DeleteSession(s.t, "session-ada1") }, auth.ErrTicketRefused},
		{"the session expired", "ada", func(s *testStore) {
			s.site.SetExpiry(s.t, "session-ada1", s.clock.Now().Add(-time.Second))
		}, auth.ErrTicketRefused},
		{"banned", "ada", func(s *testStore) { s.site.Ban(s.t, "ada1", time.Time{}) }, store.ErrUserBanned},
		{"not granted", "ada", func(s *testStore) { s.ungrant() }, auth.ErrTicketRefused},
	} {
		w := newWorld(t)
		w.store.addOneTimeToken(onceToken, "token-ada1")
		c.change(w.store)
		_, err := w.login(t, c.name, onceToken, home)
		want(t, c.what, err, c.want)
		if opened, _ := w.store.plays(); opened != 0 {
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
