package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

func refreshTests() []test {
	return []test{
		{"ProlongsByTheWebsitesRule", refreshRule},
		{"NeverGoesBackwards", refreshForwards},
		{"NeverRevivesTheDead", refreshDead},
		{"NeverInserts", refreshInsert},
		{"AHundredAtOnceAgree", refreshParallel},
		{"DeletedMeanwhileStaysDeleted", refreshRace},
		{"FixtureThatIsDue", refreshFixture},
	}
}

func refresh(ctx context.Context, t testing.TB, e Env, token string) *store.Session {
	t.Helper()
	s, u, err := e.Store.RefreshSession(ctx, token)
	if err != nil {
		t.Fatalf("RefreshSession: %v", err)
	}
	if s == nil || u == nil || s.UserID != u.ID {
		t.Fatalf("RefreshSession: session %v does not belong to user %v", s, u)
	}
	return s
}

func refreshRule(t *testing.T, e Env) {
	ctx := testContext(t)
	now := e.Clock.Now()
	due := SessionExpiresIn - SessionUpdateAge
	for _, c := range []struct {
		name string
		left time.Duration
		want time.Duration
	}{
		{"at the last instant", 0, SessionExpiresIn},
		{"an hour left", time.Hour, SessionExpiresIn},
		{"just due", due, SessionExpiresIn},
		{"not yet due", due + time.Millisecond, due + time.Millisecond},
		{"fresh", SessionExpiresIn, SessionExpiresIn},
	} {
		id, token := e.addSession(t, e.user(t, "spaces").ID, now.Add(c.left))
		s := refresh(ctx, t, e, token)
		if s.ID != id {
			t.Errorf("%s: got session %q, want %q", c.name, s.ID, id)
		}
		wantTime(t, c.name+": ExpiresAt", s.ExpiresAt, now.Add(c.want))
		if c.want != c.left {
			wantTime(t, c.name+": UpdatedAt", s.UpdatedAt, now)
		}
		// The answer is what is stored, and what is read from here on.
		for _, con := range consistencies() {
			stored, _ := getSession(ctx, t, e.Store, token, con)
			wantTime(t, c.name+": stored ExpiresAt", stored.ExpiresAt, s.ExpiresAt)
			wantTime(t, c.name+": stored UpdatedAt", stored.UpdatedAt, s.UpdatedAt)
		}
	}
}

func refreshForwards(t *testing.T, e Env) {
	ctx := testContext(t)
	far := e.Clock.Now().Add(30 * 24 * time.Hour)
	_, token := e.addSession(t, e.user(t, "spaces").ID, far)
	wantTime(t, "far ahead", refresh(ctx, t, e, token).ExpiresAt, far)
	e.Clock.Advance(23 * 24 * time.Hour) // SessionExpiresIn left
	wantTime(t, "not yet due", refresh(ctx, t, e, token).ExpiresAt, far)
	e.Clock.Advance(SessionUpdateAge)
	wantTime(t, "due", refresh(ctx, t, e, token).ExpiresAt, e.Clock.Now().Add(SessionExpiresIn))
}

func refreshDead(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	id, token := e.addSession(t, u.ID, e.Clock.Now().Add(-time.Millisecond))
	_, _, err := e.Store.RefreshSession(ctx, token)
	wantErr(t, "an expired session", err, store.ErrSessionExpired)
	wantSession(ctx, t, e, token, store.ErrSessionExpired)

	e.Website.SetExpiry(t, id, e.Clock.Now().Add(time.Hour))
	e.Website.Ban(t, u.ID, time.Time{})
	e.settle()
	_, _, err = e.Store.RefreshSession(ctx, token)
	wantErr(t, "a banned user's", err, store.ErrUserBanned)
	e.Website.ClearVerdicts(t, u.ID)
	e.settle()
	s, _ := getSession(ctx, t, e.Store, token, store.Fresh)
	wantTime(t, "a refused refresh leaves the expiry alone", s.ExpiresAt, e.Clock.Now().Add(time.Hour))
}

func refreshInsert(t *testing.T, e Env) {
	ctx := testContext(t)
	id, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	getSession(ctx, t, e.Store, token, store.Cached)
	e.Website.DeleteSession(t, id)
	n := e.Website.CountSessions(t)
	e.settle()
	for _, tok := range []string{token, "nothing", "' OR 1=1 --"} {
		_, _, err := e.Store.RefreshSession(ctx, tok)
		wantErr(t, "RefreshSession", err, store.ErrSessionNotFound)
	}
	if got := e.Website.CountSessions(t); got != n {
		t.Errorf("there are %d sessions after the refresh of none, want %d", got, n)
	}
}

func refreshParallel(t *testing.T, e Env) {
	ctx := testContext(t)
	_, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	want := e.Clock.Now().Add(SessionExpiresIn)
	n := e.Website.CountSessions(t)
	for i, err := range race(100, func(int) error {
		s, _, err := e.Store.RefreshSession(ctx, token)
		if err == nil && (!s.ExpiresAt.Equal(want) || !s.UpdatedAt.Equal(e.Clock.Now())) {
			t.Errorf("got expiry %v and update %v, want %v and %v", s.ExpiresAt, s.UpdatedAt, want, e.Clock.Now())
		}
		return err
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	stored, _ := getSession(ctx, t, e.Store, token, store.Fresh)
	wantTime(t, "stored ExpiresAt", stored.ExpiresAt, want)
	if got := e.Website.CountSessions(t); got != n {
		t.Errorf("there are %d sessions after the refreshes of one, want %d", got, n)
	}
}

// refreshRace: a session that is deleted while it is being refreshed stays
// deleted, whichever comes first.
func refreshRace(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	for range 10 {
		id, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
		for i, err := range race(10, func(i int) error {
			if i == 5 {
				e.Website.DeleteSession(t, id)
				return nil
			}
			_, _, err := e.Store.RefreshSession(ctx, token)
			return ignore(err, store.ErrSessionNotFound)
		}) {
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		}
		e.settle()
		_, _, err := e.Store.RefreshSession(ctx, token)
		wantErr(t, "RefreshSession after the deletion", err, store.ErrSessionNotFound)
		wantSession(ctx, t, e, token, store.ErrSessionNotFound)
	}
}

func refreshFixture(t *testing.T, e Env) {
	f := e.user(t, "long128").Sessions[0]
	wantTime(t, f.Label, refresh(testContext(t), t, e, f.Token).ExpiresAt, e.Clock.Now().Add(SessionExpiresIn))
}
