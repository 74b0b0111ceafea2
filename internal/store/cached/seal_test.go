package cached_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// filled returns a replica without a cache of its own, whose shared cache holds
// the session of token-1.
func filled(t *testing.T) bench {
	t.Helper()
	b := setup(t, sharedOnly)
	b.settle(t, 3, func() {
		_, _, err := b.GetSession(t.Context(), "token-1", store.Cached)
		wantErr(t, err, nil)
	})
	return b
}

// values returns a copy of what the shared cache holds.
func (m *memory) copied() map[string]held {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values)
}

// Whoever writes to the shared cache and does not know the key can make the
// answer slower, and nothing else.
func TestNoValueOfOthersIsUsed(t *testing.T) {
	t.Parallel()
	// A deployment of the same records with another key, whose user is an admin:
	// all but the key is as it must be.
	theirs := setup(t, sharedOnly, func(c *cached.Config) { c.Key = bytes.Repeat([]byte{8}, cached.KeySize) })
	theirs.rows.edit(func(r *rows) {
		u := r.users["u1"]
		u.Role = "admin"
		r.users["u1"] = u
		r.sessions["invented"] = store.Session{ID: "s1", UserID: "u1", ExpiresAt: theirs.clock.Now().Add(time.Hour)}
	})
	theirs.settle(t, 3, func() {
		_, _, err := theirs.GetSession(t.Context(), "invented", store.Cached)
		wantErr(t, err, nil)
	})
	b := setup(t, sharedOnly)
	b.cache.with(func(m *memory) { maps.Copy(m.values, theirs.cache.copied()) })
	_, _, err := b.GetSession(testContext(t), "invented", store.Cached)
	wantErr(t, err, store.ErrSessionNotFound)
	b.wantMetric(t, `waystone_cache_errors_total{operation="foreign"}`, 1)
	u, err := b.GetUser(testContext(t), "u1", store.Cached)
	if err != nil || u.Role != "user" {
		t.Errorf("GetUser: %+v, %v", u, err)
	}
}

func TestNoValueMayBeChanged(t *testing.T) {
	t.Parallel()
	b := filled(t)
	b.cache.with(func(m *memory) { m.fixed = true })
	for key, good := range b.cache.copied() {
		for i := range good.value {
			for _, bit := range []byte{1, 0x80} {
				bad := bytes.Clone(good.value)
				bad[i] ^= bit
				if strings.Contains(key, ":token:") {
					b = b.replica(t, sharedOnly) // one that was asked before knows where the token leads
				}
				before := b.foreign(t)
				b.cache.with(func(m *memory) { m.values[key] = held{bad, 0} })
				if s, u, err := b.GetSession(testContext(t), "token-1", store.Cached); err != nil || s.ID != "s1" || u.ID != "u1" {
					t.Fatalf("byte %d of %s: %+v, %+v, %v", i, key, s, u, err)
				}
				if b.foreign(t) == before {
					t.Errorf("byte %d of %s was changed and believed", i, key)
				}
			}
		}
		b.cache.with(func(m *memory) { m.values[key] = good })
	}
}

// foreign is how many values were seen that are not ours.
func (b bench) foreign(t testing.TB) (n float64) {
	t.Helper()
	families, err := b.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "waystone_cache_errors_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == "foreign" {
				n = m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// Every value of ours under every other name: none is believed there.
func TestNoValueMayBeMoved(t *testing.T) {
	t.Parallel()
	b := filled(t)
	b.cache.with(func(m *memory) { m.fixed = true })
	good := b.cache.copied()
	for to := range good {
		for from, value := range good {
			if from == to {
				continue
			}
			b = b.replica(t, sharedOnly) // which has not been asked before, and knows nothing
			before := b.foreign(t)
			b.cache.with(func(m *memory) { m.values = maps.Clone(good); m.values[to] = value })
			if s, u, err := b.GetSession(testContext(t), "token-1", store.Cached); err != nil || s.ID != "s1" || u.ID != "u1" {
				t.Errorf("%s under %s: %+v, %+v, %v", from, to, s, u, err)
			}
			if b.foreign(t) == before {
				t.Errorf("%s was believed under %s", from, to)
			}
		}
	}
}

// A value that claims the highest of all ranks does not keep ours out for ever.
func TestAForeignValueIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, sharedOnly)
	key := origin + ":user:u1"
	b.cache.with(func(m *memory) {
		m.values[key] = held{[]byte("9007199254740992 and rubbish"), 1 << 53}
	})
	deadline := time.Now().Add(20 * time.Second)
	for b.faults.Calls(faultstore.ReadUser) == 0 || len(b.cache.copied()[key].value) < 60 {
		if time.Now().After(deadline) {
			t.Fatalf("the cache still holds %q", b.cache.copied()[key].value)
		}
		must[*store.User](t)(b.GetUser(testContext(t), "u1", store.Cached))
	}
}

func TestTheSharedCacheNeedsAKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, key := range [][]byte{nil, make([]byte, cached.KeySize-1), make([]byte, cached.KeySize+1)} {
		if _, err := cached.New(faultstore.New(b.rows), cached.Config{Cache: b.cache, TTL: ttl, Key: key}); err == nil {
			t.Errorf("a key of %d bytes is taken", len(key))
		}
	}
}
