package cached_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// A value from the shared cache lives on for what is left of its life, and not
// for a second one.
func TestASharedValueKeepsItsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.settle(t, 1, func() { b.warm(t) })
		time.Sleep(ttl / 2)
		other := b.replica(t)
		other.wantName(t, "Ada")
		b.cache.with(func(m *memory) { clear(m.values) })
		other.wantName(t, "Ada")
		other.wantCalls(t, faultstore.ReadUser, 0)
		time.Sleep(ttl/2 + time.Second)
		other.wantName(t, "Ada")
		other.wantCalls(t, faultstore.ReadUser, 1)
	})
}

// That something is not there is remembered for a short time only.
func TestAnAbsenceIsRememberedForAShortTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		nobody := func(calls int) {
			t.Helper()
			_, err := b.GetUser(t.Context(), "u3", store.Cached)
			wantErr(t, err, store.ErrUserNotFound)
			b.wantCalls(t, faultstore.ReadUser, calls)
		}
		nobody(1)
		time.Sleep(cached.AbsentTTL - 2*time.Second)
		nobody(1)
		time.Sleep(4 * time.Second)
		nobody(2)
	})
}

// While the feed is silent, what was loaded within Config.Recent is used, and not
// what is as old as that.
func TestWhatWasLoadedJustNowIsUsedWithoutTheFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const recent = 10 * time.Second
		b := setup(t, nearOnly, func(c *cached.Config) { c.Recent = recent })
		time.Sleep(time.Second)
		b.warm(t)
		b.Lost(nil)
		b.rename("Ada II")
		time.Sleep(recent - time.Nanosecond)
		b.wantName(t, "Ada")
		time.Sleep(time.Nanosecond)
		b.wantName(t, "Ada II")
	})
}

// A session that has come to another user is never answered with the one before:
// the entry of the token, which still leads to him, is no answer by itself.
func TestASessionIsAnsweredWithItsOwnUser(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.settle(t, 3, func() {
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
	})
	b.settle(t, 1, func() { must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh)) })
	xid := b.rows.edit(func(r *rows) {
		s := r.sessions["token-1"]
		s.UserID = "u2"
		r.sessions["token-1"] = s
	})
	other := b.replica(t)
	other.settle(t, 3, func() {
		_, _, err := other.GetSession(ctx, "token-1", store.Fresh)
		wantErr(t, err, nil)
	})
	b.tell(store.TableSession, store.OpUpdate, xid, "s1", "u2")
	s, u, err := b.GetSession(ctx, "token-1", store.Cached)
	if err != nil || s.UserID != "u2" || u.ID != "u2" {
		t.Errorf("got the session of %s with the user %s, %v", s.UserID, u.ID, err)
	}
}
