package cached_test

import (
	"slices"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// looks returns how many keys each look at the shared cache during f asked for.
func (b bench) looks(f func()) []int {
	b.cache.with(func(m *memory) { m.asked = nil })
	f()
	var sizes []int
	b.cache.with(func(m *memory) {
		for _, keys := range m.asked {
			sizes = append(sizes, len(keys))
		}
	})
	return sizes
}

func (b bench) wantSession(t *testing.T, token, id, userID string) {
	t.Helper()
	s, u, err := b.GetSession(testContext(t), token, store.Cached)
	wantErr(t, err, nil)
	if s.ID != id || u.ID != userID {
		t.Errorf("%s is session %s of %s, want %s of %s", token, s.ID, u.ID, id, userID)
	}
}

// One who asks for a session again gets it with one look at the shared cache.
func TestATokenThatIsKnownCostsOneLook(t *testing.T) {
	t.Parallel()
	b := setup(t, sharedOnly)
	b.settle(t, 3, func() { b.wantSession(t, "token-1", "s1", "u1") })
	again := func() { b.wantSession(t, "token-1", "s1", "u1") }
	if got := b.looks(again); !slices.Equal(got, []int{2}) {
		t.Errorf("the replica that loaded it made looks of %v keys", got)
	}
	other := b.replica(t, sharedOnly)
	other.wantSession(t, "token-1", "s1", "u1")
	if got := other.looks(func() { other.wantSession(t, "token-1", "s1", "u1") }); !slices.Equal(got, []int{2}) {
		t.Errorf("the replica that found it made looks of %v keys", got)
	}
	other.wantCalls(t, faultstore.ReadSession, 0)
	b.connect() // the feed is new: nothing from before it is relied on
	if got := b.looks(again); len(got) != 0 && got[0] == 2 {
		t.Errorf("after a Reset it made looks of %v keys", got)
	}
}

// What is remembered of a token is no answer: the records say whether it holds.
func TestWhatATokenLedToIsNoAnswer(t *testing.T) {
	t.Parallel()
	hour := func(b bench) time.Time { return b.clock.Now().Add(time.Hour) }
	for name, c := range map[string]struct {
		change func(r *rows, b bench)
		want   error // of the old token
	}{
		"the session is gone": {func(r *rows, _ bench) { delete(r.sessions, "token-1") }, store.ErrSessionNotFound},
		"it has another token": {func(r *rows, b bench) {
			r.sessions["token-2"] = r.sessions["token-1"]
			delete(r.sessions, "token-1")
		}, store.ErrSessionNotFound},
		"it has another user": {func(r *rows, b bench) {
			r.sessions["token-1"] = store.Session{ID: "s1", UserID: "u2", ExpiresAt: hour(b)}
		}, nil},
		"the token is another session's": {func(r *rows, b bench) {
			r.sessions["token-1"] = store.Session{ID: "s9", UserID: "u2", ExpiresAt: hour(b)}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, sharedOnly)
			b.settle(t, 3, func() { b.wantSession(t, "token-1", "s1", "u1") })
			b.wantSession(t, "token-1", "s1", "u1")
			xid := b.rows.edit(func(r *rows) { c.change(r, b) })
			b.tell(store.TableSession, store.OpUpdate, xid, "s1", "u1")
			for range 2 {
				s, u, err := b.GetSession(testContext(t), "token-1", store.Cached)
				wantErr(t, err, c.want)
				if err == nil && (s.UserID != "u2" || u.ID != "u2") {
					t.Errorf("got %+v of %+v", s, u)
				}
			}
		})
	}
}
