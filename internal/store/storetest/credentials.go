package storetest

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func credentialTests() []test {
	return []test{
		{"TheHashAsTheWebsiteKeepsIt", credentialsHash},
		{"NoneForAUserWithoutAPassword", credentialsNone},
		{"OnlyTheUsersOwnAccountCounts", credentialsForeign},
		{"SeveralThatDifferAreNone", credentialsSeveral},
		{"OfABannedUserToo", credentialsBanned},
		{"UnknownIsNotFound", credentialsUnknown},
	}
}

func credentialsHash(t *testing.T, e Env) {
	ctx := testContext(t)
	n := 0
	for _, want := range Fixtures(t, e.Engine) {
		if !want.HasCredential || want.Banned {
			continue
		}
		hash := e.Website.PasswordHash(t, want.ID)
		if len(hash) != 161 {
			t.Fatalf("the fixture's hash of %s has %d characters", want.Key, len(hash))
		}
		ways := map[string]store.UserKey{want.ID: store.ByID, want.Email: store.ByEmail, strings.ToUpper(want.Email): store.ByEmail}
		if want.Username != "" {
			ways[want.Username], ways[strings.ToUpper(want.Username)] = store.ByUsername, store.ByUsername
		}
		for value, by := range ways {
			n++
			c := must[*store.Credential](t)(e.Store.GetCredential(ctx, by, value))
			if c.PasswordHash != hash || c.TwoFactor {
				t.Errorf("%s by %q: hash %q, two-factor %v; want %q", want.Key, value, c.PasswordHash, c.TwoFactor, hash)
			}
			checkUser(t, &c.User, want)
		}
	}
	if n == 0 {
		t.Fatal("the fixtures have no passwords")
	}
}

func credentialsNone(t *testing.T, e Env) {
	u := e.user(t, "oauth_only")
	c := must[*store.Credential](t)(e.Store.GetCredential(testContext(t), store.ByEmail, u.Email))
	if c.PasswordHash != "" || c.User.ID != u.ID {
		t.Errorf("got the hash %q of user %q", c.PasswordHash, c.User.ID)
	}
}

func credentialsForeign(t *testing.T, e Env) {
	ctx := testContext(t)
	u, other := e.user(t, "oauth_only"), e.user(t, "spaces")
	e.Website.AddAccount(t, u.ID, "credential", other.ID, "of another id")
	e.Website.AddAccount(t, u.ID, "ldap", u.ID, "of another provider")
	e.Website.AddAccount(t, other.ID, "credential", u.ID, "of another user")
	for _, who := range []FixtureUser{u, other} {
		want := ""
		if who.HasCredential {
			want = e.Website.PasswordHash(t, who.ID)
		}
		if c := must[*store.Credential](t)(e.Store.GetCredential(ctx, store.ByID, who.ID)); c.PasswordHash != want {
			t.Errorf("%s: got %q, want %q", who.Key, c.PasswordHash, want)
		}
	}
}

func credentialsSeveral(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "oauth_only")
	for _, step := range []struct{ add, want string }{{"", ""}, {"hash", "hash"}, {"hash", "hash"}, {"another", ""}} {
		e.Website.AddAccount(t, u.ID, "credential", u.ID, step.add)
		if c := must[*store.Credential](t)(e.Store.GetCredential(ctx, store.ByID, u.ID)); c.PasswordHash != step.want {
			t.Errorf("with one more of %q: got %q, want %q", step.add, c.PasswordHash, step.want)
		}
	}
}

func credentialsBanned(t *testing.T, e Env) {
	u := e.user(t, "banned_live")
	c := must[*store.Credential](t)(e.Store.GetCredential(testContext(t), store.ByUsername, u.Username))
	if c.PasswordHash == "" || !c.User.BannedAt(e.Clock.Now()) {
		t.Errorf("hash %q, banned %v", c.PasswordHash, c.User.Banned)
	}
}

func credentialsUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, by := range []store.UserKey{store.ByID, store.ByUsername, store.ByEmail} {
		for _, value := range []string{"nobody@example.com", "' OR true --", strings.Repeat("x", 128)} {
			_, err := e.Store.GetCredential(ctx, by, value)
			wantErr(t, value, err, store.ErrUserNotFound)
		}
	}
	u := e.user(t, "spaces")
	must[*store.Credential](t)(e.Store.GetCredential(ctx, store.ByID, u.ID))
	e.Website.DeleteUser(t, u.ID)
	_, err := e.Store.GetCredential(ctx, store.ByID, u.ID)
	wantErr(t, "a deleted user", err, store.ErrUserNotFound)
}
