package auth_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestSignInMakesASessionOfTheWebsite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		remember bool
		lifetime time.Duration
	}{{true, 7 * 24 * time.Hour}, {false, 24 * time.Hour}} {
		resp, err := w.SignIn(t.Context(), &authv1.SignInRequest{
			User: &authv1.SignInRequest_Email{Email: "Ada@example.org"}, Password: secret,
			Address: "::ffff:" + home, UserAgent: "launcher/1", Remember: c.remember,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(resp.GetToken()) {
			t.Errorf("token %q", resp.GetToken())
		}
		now := w.store.clock.Now()
		wanted := &store.Session{
			ID: resp.GetSession().GetId(), UserID: "ada1", ExpiresAt: now.Add(c.lifetime), CreatedAt: now, UpdatedAt: now, IPAddress: home, UserAgent: "launcher/1",
		}
		if diff := cmp.Diff(wanted, w.store.session(resp.GetToken())); diff != "" {
			t.Errorf("made (-want +got):\n%s", diff)
		}
		if resp.GetUser().GetId() != "ada1" || resp.GetSession().GetUserId() != "ada1" {
			t.Errorf("answered %v", resp)
		}
		if _, err := w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: resp.GetToken()}); err != nil {
			t.Errorf("the new session: %v", err)
		}
		for range 2 { // one that is gone is no error
			if _, err := w.SignOut(t.Context(), &authv1.SignOutRequest{Token: resp.GetToken()}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: resp.GetToken()})
		want(t, "after signing out", err, store.ErrSessionNotFound)
	}
}

// The order of the checks tells a caller without the password nothing about the
// account.
func TestTheOrderOfTheChecks(t *testing.T) {
	t.Parallel()
	ban := func(until func(s *testStore) time.Time) func(s *testStore) {
		return func(s *testStore) { s.site.Ban(s.t, "ada1", until(s)) }
	}
	secondFactor := func(s *testStore) { s.exec(`UPDATE "user" SET "twoFactorEnabled" = 1 WHERE id = 'ada1'`) }
	verify := func(verified bool) func(s *testStore) {
		return func(s *testStore) { s.exec(`UPDATE "user" SET "emailVerified" = ?1 WHERE id = 'ada1'`, verified) }
	}
	hash := func(hash string) func(s *testStore) {
		return func(s *testStore) { s.site.SetPassword(s.t, "ada1", hash) }
	}
	everything := func(s *testStore) {
		ban(func(*testStore) time.Time { return time.Time{} })(s)
		secondFactor(s)
	}
	verified := func(c *auth.Config) { c.RequireVerifiedEmail = true }
	for _, c := range []struct {
		what     string
		name     string
		password string
		edit     func(*auth.Config)
		change   func(s *testStore)
		want     error
	}{
		{what: "right"},
		{what: "unverified, which is not asked for", change: verify(false)},
		{what: "wrong, and all else", password: "wrong", edit: verified, change: everything, want: auth.ErrLoginRefused},
		{what: "unverified, banned, second factor", edit: verified, change: everything, want: auth.ErrEmailNotVerified},
		{what: "banned, second factor", change: everything, want: store.ErrUserBanned},
		{what: "second factor", change: secondFactor, want: auth.ErrTwoFactorRequired},
		{what: "a ban that is over", change: ban(func(s *testStore) time.Time { return s.clock.Now().Add(-time.Millisecond) })},
		{what: "at the last instant of a ban", change: ban(func(s *testStore) time.Time { return s.clock.Now() }), want: store.ErrUserBanned},
		{what: "verified and asked for", edit: verified, change: verify(true)},
		{what: "no password on the website", change: func(s *testStore) { s.site.DeleteAccounts(s.t, "ada1") }, want: auth.ErrLoginRefused},
		{what: "a hash of bcrypt", change: hash("$2b$10$abcdefghijklmnopqrstuv"), want: auth.ErrLoginRefused},
		{what: "a key that is too short", change: hash(siteHashOfSecret()[:160]), want: auth.ErrLoginRefused},
		{what: "unknown", name: "nobody", want: auth.ErrLoginRefused},
		{what: "the id in place of the name", name: "ada1", want: auth.ErrLoginRefused},
		{what: "too short a name, wrong password", name: "ad", password: "wrong", want: errs.Invalid("username", "")},
		{what: "too long a name", name: strings.Repeat("a", 31), want: errs.Invalid("username", "")},
		{what: "a name with a blank", name: "ada ada", want: errs.Invalid("username", "")},
		{what: "store down", change: func(s *testStore) { s.down(store.ErrUnavailable) }, want: store.ErrUnavailable},
	} {
		edit := c.edit
		if edit == nil {
			edit = func(*auth.Config) {}
		}
		w := newWorld(t, edit)
		if c.change != nil {
			c.change(w.store)
		}
		if c.name == "" {
			c.name = "ada"
		}
		if c.password == "" {
			c.password = secret
		}
		before := w.store.site.CountSessions(t)
		_, err := w.VerifyPassword(t.Context(), byUsername(c.name, c.password))
		want(t, c.what, err, c.want)
		_, err = w.SignIn(t.Context(), &authv1.SignInRequest{
			User: &authv1.SignInRequest_Username{Username: c.name}, Password: c.password, Address: home,
		})
		want(t, c.what+", SignIn", err, c.want)
		if made := w.store.site.CountSessions(t) - before; (made == 1) != (c.want == nil) {
			t.Errorf("%s: %d sessions made", c.what, made)
		}
	}
}

func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	for email, ok := range map[string]bool{
		"ada@example.org": true, "ADA+tag_1'x-@sub.EXAMPLE.org": true, "a.b@e.co": true,
		"ada": false, "ada@localhost": false, ".ada@example.org": false, "ada.@example.org": false,
		"a..b@example.org": false, "ada@-example.org": false, "ada@example.o": false, "ada@example..org": false,
		"ädä@example.org": false, "ada@example.org ": false, " ada@example.org": false, "a b@example.org": false,
	} {
		_, err := w.VerifyPassword(t.Context(), byEmail(email, "wrong"))
		wanted := error(auth.ErrLoginRefused)
		if !ok {
			wanted = errs.Invalid("email", "")
		}
		want(t, email, err, wanted)
	}
}

// Time is compared by its causes, as for game passwords.
func TestRefusalsOfTheWebsitesPasswordCostTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.store.site.AddAccount(t, "lou1", "credential", "lou1", "of another shape")
	var first []string
	var text string
	for _, user := range []string{"ada", "nobody", "ben", "lou"} { // known, unknown, without password, unreadable
		w.scrypts.Store(0)
		w.store.takeCalls()
		_, err := w.VerifyPassword(t.Context(), byUsername(user, "wrong"))
		want(t, user, err, auth.ErrLoginRefused)
		calls := w.store.takeCalls()
		if first == nil {
			first, text = calls, err.Error()
		}
		if diff := cmp.Diff(first, calls); diff != "" {
			t.Errorf("%s: store calls differ from ada's:\n%s", user, diff)
		}
		if w.scrypts.Load() != 1 || err.Error() != text {
			t.Errorf("%s: %d hashes, %q", user, w.scrypts.Load(), err)
		}
	}
	if !strings.Contains(w.log.String(), `"user_id":"lou1"`) {
		t.Error("the operator is not told of the hash that cannot be verified")
	}
}

// Whatever the dummy is made of fits nothing.
func TestTheWebsitesDummyFitsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.site.AddAccount(t, "lou1", "credential", "lou1", "of another shape")
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{
		Store: w.store, Now: w.store.clock.Now, VerifySite: func(string, string) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]error{"nobody": auth.ErrLoginRefused, "ben": auth.ErrLoginRefused, "lou": auth.ErrLoginRefused, "ada": nil} {
		_, err := a.VerifyPassword(t.Context(), byUsername(name, "guessed"))
		want(t, name, err, wanted)
	}
}

// Without the website's grants the calls that need them say so.
func TestWithoutGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.ungrant()
	_, err := w.VerifyPassword(t.Context(), byUsername("ada", secret))
	want(t, "VerifyPassword", err, store.ErrNoCredentialsGrant)
	_, err = w.SignIn(t.Context(), &authv1.SignInRequest{
		User: &authv1.SignInRequest_Username{Username: "ada"}, Password: secret, Address: home,
	})
	want(t, "SignIn", err, store.ErrNoCredentialsGrant)
	_, err = w.SignOut(t.Context(), &authv1.SignOutRequest{Token: "token-ada1"})
	want(t, "SignOut", err, store.ErrNoSessionsGrant)
	_, err = w.login(t, "ada", auth.NewTicket(), home)
	want(t, "a one-time token", err, auth.ErrTicketRefused)
	if n := w.scrypts.Load(); n != 0 {
		t.Errorf("%d hashes were computed in vain", n)
	}
}
