package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

func sessionTests() []test {
	return []test{
		{"EveryFixtureGetsItsVerdict", sessionsFixtures},
		{"AliveUpToAndIncludingItsExpiry", sessionsBoundary},
		{"BanRefusesAndItsEndLetsIn", sessionsBan},
		{"DeletedUserTakesSessionsAlong", sessionsDeletedUser},
		{"DeletedSessionIsNotFound", sessionsDeleted},
		{"UnknownTokenIsNotFound", sessionsUnknown},
	}
}

func getSession(ctx context.Context, t testing.TB, s store.Store, token string, c store.Consistency) (*store.Session, *store.User) {
	t.Helper()
	sess, u, err := s.GetSession(ctx, token, c)
	if err != nil {
		t.Fatalf("GetSession: %v", err)
	}
	if sess == nil || u == nil {
		t.Fatalf("GetSession: got session %v and user %v without an error", sess, u)
	}
	return sess, u
}

// wantSession expects the same outcome (nil: alive) for both ways to read.
func wantSession(ctx context.Context, t testing.TB, e Env, token string, want error) {
	t.Helper()
	for _, c := range consistencies() {
		sess, u, err := e.Store.GetSession(ctx, token, c)
		if want != nil {
			wantErr(t, "GetSession", err, want)
			if sess != nil || u != nil {
				t.Error("GetSession: a refused session comes with data")
			}
		} else if err != nil {
			t.Errorf("GetSession: got %v, want a living session", err)
		}
	}
}

// verdict is what the contract says of a fixture's state, which is not always
// what the website says.
func verdict(t testing.TB, state string) error {
	t.Helper()
	switch state {
	case "active_natural_7d", "active_natural_24h", "active_far_future", "about_to_expire", "active_refresh_due":
		return nil
	case "expired":
		return store.ErrSessionExpired
	case "deleted_by_ban":
		return store.ErrSessionNotFound
	case "active_far_future_but_user_banned":
		return store.ErrUserBanned
	}
	t.Fatalf("the fixtures have an unknown state %q", state)
	return nil
}

func sessionsFixtures(t *testing.T, e Env) {
	ctx := testContext(t)
	n := 0
	for _, u := range Fixtures(t, e.Engine) {
		for _, f := range u.Sessions {
			n++
			want := verdict(t, f.State)
			wantSession(ctx, t, e, f.Token, want)
			if want != nil {
				continue
			}
			got, user := getSession(ctx, t, e.Store, f.Token, store.Fresh)
			checkUser(t, user, u)
			wantTime(t, "CreatedAt", got.CreatedAt, f.CreatedAt)
			if got.UpdatedAt.IsZero() || got.ExpiresAt.Before(e.Clock.Now()) {
				t.Errorf("session of %s: updated %v, expires %v", u.Key, got.UpdatedAt, got.ExpiresAt)
			}
			s := *got
			s.CreatedAt, s.UpdatedAt, s.ExpiresAt = time.Time{}, time.Time{}, time.Time{}
			wantEqual(t, "session of "+u.Key, s, store.Session{
				ID: f.ID, UserID: u.ID, IPAddress: f.IPAddress, UserAgent: f.UserAgent, ImpersonatedBy: f.ImpersonatedBy,
			})
		}
	}
	if n == 0 {
		t.Fatal("the fixtures have no sessions")
	}
}

func sessionsBoundary(t *testing.T, e Env) {
	ctx := testContext(t)
	_, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Minute))
	wantSession(ctx, t, e, token, nil)
	e.Clock.Advance(time.Minute)
	wantSession(ctx, t, e, token, nil)
	e.Clock.Advance(time.Millisecond)
	wantSession(ctx, t, e, token, store.ErrSessionExpired)
}

func sessionsBan(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	_, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	wantSession(ctx, t, e, token, nil)

	e.Website.Ban(t, u.ID, e.Clock.Now().Add(time.Minute))
	e.settle()
	wantSession(ctx, t, e, token, store.ErrUserBanned)
	e.Clock.Advance(time.Minute)
	wantSession(ctx, t, e, token, store.ErrUserBanned)
	e.Clock.Advance(time.Millisecond)
	wantSession(ctx, t, e, token, nil)

	e.Website.Ban(t, u.ID, time.Time{})
	e.settle()
	e.Clock.Advance(time.Minute)
	wantSession(ctx, t, e, token, store.ErrUserBanned)

	// Of an expired session of a banned user the expiry is told.
	e.Clock.Advance(time.Hour)
	wantSession(ctx, t, e, token, store.ErrSessionExpired)
}

func sessionsDeletedUser(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	_, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	wantSession(ctx, t, e, token, nil)
	e.Website.DeleteUser(t, u.ID)
	e.settle()
	wantSession(ctx, t, e, token, store.ErrSessionNotFound)
}

func sessionsDeleted(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	id, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	_, other := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	wantSession(ctx, t, e, token, nil)
	e.Website.DeleteSession(t, id)
	e.settle()
	wantSession(ctx, t, e, token, store.ErrSessionNotFound)
	wantSession(ctx, t, e, other, nil)
}

func sessionsUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	_, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	for _, bad := range []string{
		"nothing", "' OR 1=1 --", "%", strings.ToLower(token), token[:31], token + "x", " " + token, strings.Repeat("x", 512),
	} {
		if bad == token {
			continue // a random token may be in lower case already
		}
		wantSession(ctx, t, e, bad, store.ErrSessionNotFound)
	}
}
