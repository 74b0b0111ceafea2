package storetest

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func refreshManyTests() []test {
	return []test{
		{"ProlongsThoseThatAreDue", refreshManyRule},
		{"WhatIsNotDueIsNotWritten", refreshManyUnwritten},
		{"NeitherRevivesNorInserts", refreshManyDead},
		{"AThousandAtOnceAndNoMore", refreshManyLimit},
		{"ManyCallersAgree", refreshManyParallel},
	}
}

// refreshMany returns the ids of what was prolonged, in order.
func refreshMany(ctx context.Context, t testing.TB, e Env, ids ...string) []string {
	t.Helper()
	refreshed, err := e.Store.RefreshSessions(ctx, ids)
	if err != nil {
		t.Fatalf("RefreshSessions: %v", err)
	}
	slices.Sort(refreshed)
	return refreshed
}

func refreshManyRule(t *testing.T, e Env) {
	ctx := testContext(t)
	u, now := e.user(t, "spaces"), e.Clock.Now()
	due := SessionExpiresIn - SessionUpdateAge
	tokens, want, expires := map[string]string{}, []string{}, map[string]time.Time{}
	var ids []string
	for _, left := range []time.Duration{0, time.Hour, due, due + time.Millisecond, SessionExpiresIn, 30 * 24 * time.Hour} {
		id, token := e.addSession(t, u.ID, now.Add(left))
		ids, tokens[id], expires[id] = append(ids, id), token, now.Add(left)
		if left <= due {
			want, expires[id] = append(want, id), now.Add(SessionExpiresIn)
		}
		getSession(ctx, t, e.Store, token, store.Cached) // in a cache, if there is one
	}
	slices.Sort(want)
	wantEqual(t, "prolonged", refreshMany(ctx, t, e, append(ids, ids[0])...), want) // twice is no harm
	for id, token := range tokens {
		for _, con := range consistencies() {
			s, _ := getSession(ctx, t, e.Store, token, con)
			wantTime(t, "ExpiresAt", s.ExpiresAt, expires[id])
			if slices.Contains(want, id) {
				wantTime(t, "UpdatedAt", s.UpdatedAt, now)
			}
		}
	}
	if again := refreshMany(ctx, t, e, ids...); len(again) != 0 {
		t.Errorf("a second time prolonged %q", again)
	}
	// Who plays on keeps the session for ever.
	for range 4 {
		e.Clock.Advance(SessionUpdateAge)
		if got := refreshMany(ctx, t, e, want[0]); len(got) != 1 {
			t.Fatalf("prolonged %q, want %q", got, want[:1])
		}
		s, _ := getSession(ctx, t, e.Store, tokens[want[0]], store.Cached)
		wantTime(t, "ExpiresAt", s.ExpiresAt, e.Clock.Now().Add(SessionExpiresIn))
	}
}

func refreshManyUnwritten(t *testing.T, e Env) {
	ctx := testContext(t)
	id, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(SessionExpiresIn-SessionUpdateAge+time.Second))
	before, _ := getSession(ctx, t, e.Store, token, store.Fresh)
	e.Clock.Advance(time.Second - time.Millisecond)
	if got := refreshMany(ctx, t, e, id); len(got) != 0 {
		t.Errorf("prolonged %q before it was due", got)
	}
	after, _ := getSession(ctx, t, e.Store, token, store.Fresh)
	wantEqual(t, "the row of one that is not due", after, before)
	e.Clock.Advance(time.Millisecond)
	wantEqual(t, "prolonged", refreshMany(ctx, t, e, id), []string{id})
}

func refreshManyDead(t *testing.T, e Env) {
	ctx := testContext(t)
	u, banned := e.user(t, "spaces"), e.user(t, "bjorn")
	expired, expiredToken := e.addSession(t, u.ID, e.Clock.Now().Add(-time.Millisecond))
	ofBanned, bannedToken := e.addSession(t, banned.ID, e.Clock.Now().Add(time.Hour))
	deleted, deletedToken := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	getSession(ctx, t, e.Store, deletedToken, store.Cached)
	e.Website.DeleteSession(t, deleted)
	e.Website.Ban(t, banned.ID, time.Time{})
	n := e.Website.CountSessions(t)
	if got := refreshMany(ctx, t, e, expired, ofBanned, deleted, "nothing", "' OR 1=1 --"); len(got) != 0 {
		t.Errorf("prolonged %q", got)
	}
	if got := e.Website.CountSessions(t); got != n {
		t.Errorf("there are %d sessions after the refresh, want %d", got, n)
	}
	e.settle()
	wantSession(ctx, t, e, expiredToken, store.ErrSessionExpired)
	wantSession(ctx, t, e, deletedToken, store.ErrSessionNotFound)
	e.Website.ClearVerdicts(t, banned.ID)
	e.settle()
	s, _ := getSession(ctx, t, e.Store, bannedToken, store.Fresh)
	wantTime(t, "the end of a banned user's", s.ExpiresAt, e.Clock.Now().Add(time.Hour))

	// A ban that is over is none.
	e.Website.Ban(t, banned.ID, e.Clock.Now().Add(-time.Second))
	wantEqual(t, "prolonged after the ban", refreshMany(ctx, t, e, ofBanned), []string{ofBanned})
}

func refreshManyLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	id, _ := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	ids := make([]string, store.MaxBatch)
	for i := range ids {
		ids[i] = "none-" + strconv.Itoa(i)
	}
	ids[len(ids)-1] = id
	wantEqual(t, "prolonged", refreshMany(ctx, t, e, ids...), []string{id})
	_, err := e.Store.RefreshSessions(ctx, append(ids, "one more"))
	wantKind(t, "one more", err, errs.InvalidArgument)
	if got, err := e.Store.RefreshSessions(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing to prolong: got %v, %v", got, err)
	}
}

// refreshManyParallel: callers with the same sessions in different orders, while
// the website deletes some, neither fail nor wait for each other for ever.
func refreshManyParallel(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	var ids, tokens []string
	for range 20 {
		id, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
		ids, tokens = append(ids, id), append(tokens, token)
	}
	for i, err := range race(20, func(i int) error {
		if i < 5 {
			e.Website.DeleteSession(t, ids[i])
			return nil
		}
		mine := slices.Clone(ids)
		if i%2 == 0 {
			slices.Reverse(mine)
		}
		_, err := e.Store.RefreshSessions(ctx, mine)
		return err
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	// What one of them has left to another was written by that one.
	refreshMany(ctx, t, e, ids...)
	e.settle()
	for i, token := range tokens {
		if i < 5 {
			wantSession(ctx, t, e, token, store.ErrSessionNotFound)
			continue
		}
		s, _ := getSession(ctx, t, e.Store, token, store.Fresh)
		wantTime(t, "ExpiresAt", s.ExpiresAt, e.Clock.Now().Add(SessionExpiresIn))
	}
}
