package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

func userTests() []test {
	return []test{
		{"ById", usersByID},
		{"ByUsernameInAnyCase", usersByUsername},
		{"ByEmailInAnyCase", usersByEmail},
		{"TheExactNameComesFirst", usersExactName},
		{"SeveralAreRefused", usersAmbiguous},
		{"AnExactNameThatComesLater", usersExactLater},
		{"NullRoleIsUserAndNullBanIsNone", usersNull},
		{"UnknownOrMalformedIsNotFound", usersUnknown},
		{"DeletedIsNotFound", usersDeleted},
		{"StoredBanIsShownAsStored", usersBan},
	}
}

// consistencies are the two ways to read.
func consistencies() []store.Consistency { return []store.Consistency{store.Cached, store.Fresh} }

func checkUser(t *testing.T, got *store.User, want FixtureUser) {
	t.Helper()
	if got == nil {
		t.Fatalf("user %s: got nil", want.Key)
	}
	if got.UpdatedAt.IsZero() {
		t.Errorf("user %s has no UpdatedAt", want.Key)
	}
	wantTime(t, want.Key+" BanExpiresAt", got.BanExpiresAt, want.BanExpires)
	wantTime(t, want.Key+" CreatedAt", got.CreatedAt, want.CreatedAt)
	u := *got
	u.CreatedAt, u.UpdatedAt, u.BanExpiresAt = time.Time{}, time.Time{}, time.Time{}
	wantEqual(t, "user "+want.Key, u, store.User{
		ID: want.ID, Name: want.Name, Username: want.Username, DisplayUsername: want.DisplayUsername,
		Email: want.Email, EmailVerified: want.EmailVerified, Image: want.Image, Role: want.Role,
		Banned: want.Banned, BanReason: want.BanReason,
	})
}

func usersByID(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, want := range Fixtures(t, e.Engine) {
		if want.Key == "nfkc" || want.Key == "banned_live" {
			continue // their bans are judged in StoredBanIsShownAsStored
		}
		for _, c := range consistencies() {
			checkUser(t, must[*store.User](t)(e.Store.GetUser(ctx, want.ID, c)), want)
		}
	}
}

func usersByUsername(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, want := range Fixtures(t, e.Engine) {
		if want.Username == "" || want.Banned {
			continue
		}
		for _, name := range []string{want.Username, strings.ToUpper(want.Username), want.DisplayUsername} {
			checkUser(t, must[*store.User](t)(e.Store.GetUserByUsername(ctx, name, store.Cached)), want)
			checkUser(t, must[*store.User](t)(e.Store.GetUserByUsername(ctx, name, store.Fresh)), want)
		}
	}
}

func usersByEmail(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, want := range Fixtures(t, e.Engine) {
		if want.Banned {
			continue
		}
		for _, mail := range []string{want.Email, strings.ToUpper(want.Email)} {
			checkUser(t, must[*store.User](t)(e.Store.GetUserByEmail(ctx, mail, store.Cached)), want)
			checkUser(t, must[*store.User](t)(e.Store.GetUserByEmail(ctx, mail, store.Fresh)), want)
		}
	}
}

func usersNull(t *testing.T, e Env) {
	ctx := testContext(t)
	want := e.user(t, "nfkc")
	e.Website.ClearVerdicts(t, want.ID)
	e.settle()
	want.Role, want.Banned, want.BanReason, want.BanExpires = "user", false, "", time.Time{}
	got := must[*store.User](t)(e.Store.GetUser(ctx, want.ID, store.Fresh))
	checkUser(t, got, want)
	if got.BannedAt(e.Clock.Now()) {
		t.Error("a user whose ban is NULL is banned")
	}
}

func usersUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	reads := map[string]func(context.Context, string, store.Consistency) (*store.User, error){
		"GetUser": e.Store.GetUser, "GetUserByUsername": e.Store.GetUserByUsername, "GetUserByEmail": e.Store.GetUserByEmail,
	}
	for name, read := range reads {
		for _, key := range []string{
			"nobody", "0", "-1", "99999999999999999999", "00000000-0000-0000-0000-000000000000", "not-a-uuid",
			"%", "alice_0_", "alice%", `' OR '1'='1`, `"; DROP TABLE "user"; --`, "alice_01'--", `\`, "$1", "?1", "ünï©ødé 🐉",
			" alice_01", "alice_01 ", strings.Repeat("x", 128),
		} {
			if name == "GetUserByEmail" {
				key = "nobody@example.com" + key // an address has a least length
			}
			for _, c := range consistencies() {
				if _, err := read(ctx, key, c); err == nil {
					t.Errorf("%s(%q) finds somebody", name, key)
				} else {
					wantErr(t, name+" "+key, err, store.ErrUserNotFound)
				}
			}
		}
	}
	// The tables are still there.
	checkUser(t, must[*store.User](t)(e.Store.GetUserByUsername(ctx, "alice_01", store.Fresh)), e.user(t, "alice"))
}

func usersDeleted(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	must[*store.User](t)(e.Store.GetUser(ctx, u.ID, store.Cached))
	e.Website.DeleteUser(t, u.ID)
	e.settle()
	for _, c := range consistencies() {
		_, err := e.Store.GetUser(ctx, u.ID, c)
		wantErr(t, "GetUser", err, store.ErrUserNotFound)
		_, err = e.Store.GetUserByUsername(ctx, u.Username, c)
		wantErr(t, "GetUserByUsername", err, store.ErrUserNotFound)
		_, err = e.Store.GetUserByEmail(ctx, u.Email, c)
		wantErr(t, "GetUserByEmail", err, store.ErrUserNotFound)
	}
}

func usersBan(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, key := range []string{"nfkc", "banned_live"} {
		want := e.user(t, key)
		got := must[*store.User](t)(e.Store.GetUser(ctx, want.ID, store.Fresh))
		if !got.Banned || got.BanReason == "" || !got.BannedAt(e.Clock.Now()) {
			t.Errorf("user %s: Banned %v, reason %q: want the ban that is stored", key, got.Banned, got.BanReason)
		}
	}
	past := e.Clock.Now().Add(-time.Second)
	u := e.user(t, "alice")
	e.Website.Ban(t, u.ID, past)
	e.settle()
	got := must[*store.User](t)(e.Store.GetUser(ctx, u.ID, store.Fresh))
	if !got.Banned {
		t.Error("Banned must be what is stored, also after the ban has ended")
	}
	wantTime(t, "BanExpiresAt", got.BanExpiresAt, past)
	if got.BannedAt(e.Clock.Now()) {
		t.Error("a ban that has ended still holds")
	}
}
