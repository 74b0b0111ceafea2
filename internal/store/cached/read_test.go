package cached_test

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

func TestEveryWayToReadIsAnsweredFromTheCache(t *testing.T) {
	t.Parallel()
	type way struct {
		method faultstore.Method
		fills  int // of the shared cache
		read   func(ctx context.Context, b bench) (any, error)
	}
	for name, w := range map[string]way{
		"GetUser": {faultstore.ReadUser, 1, func(ctx context.Context, b bench) (any, error) { return b.GetUser(ctx, "u1", store.Cached) }},
		"GetUserByUsername": {faultstore.ReadUser, 2, func(ctx context.Context, b bench) (any, error) {
			return b.GetUserByUsername(ctx, "ada", store.Cached)
		}},
		"GetUserByEmail": {faultstore.ReadUser, 2, func(ctx context.Context, b bench) (any, error) {
			return b.GetUserByEmail(ctx, "ada@example.com", store.Cached)
		}},
		"GetSession": {faultstore.ReadSession, 3, func(ctx context.Context, b bench) (any, error) {
			s, u, err := b.GetSession(ctx, "token-1", store.Cached)
			return []any{s, u}, err
		}},
		"GetCharacter": {faultstore.ReadCharacter, 1, func(ctx context.Context, b bench) (any, error) { return b.GetCharacter(ctx, 1, store.Cached) }},
		"ListCharacters": {faultstore.ReadCharacters, 3, func(ctx context.Context, b bench) (any, error) {
			return b.ListCharacters(ctx, "u1", true, store.Cached)
		}},
	} {
		for level, change := range map[string]func(*cached.Config){
			"both": func(*cached.Config) {}, "near": nearOnly, "shared": sharedOnly,
		} {
			t.Run(name+"/"+level, func(t *testing.T) {
				t.Parallel()
				b, ctx := setup(t, change), testContext(t)
				fills := w.fills
				if level == "near" {
					fills = 0
				}
				var first any
				b.settle(t, fills, func() { first = must[any](t)(w.read(ctx, b)) })
				second := must[any](t)(w.read(ctx, b))
				if d := cmp.Diff(first, second); d != "" {
					t.Errorf("the cache changed the answer (-store +cache):\n%s", d)
				}
				b.wantCalls(t, w.method, 1)
			})
		}
	}
}

// What a name finds in another case is the store's to say each time: a user with
// that very name may come, and no change of a row tells which names it is asked by.
func TestANameInAnotherCaseIsNotAnsweredFromTheCache(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Cached))
	for n := 2; n < 4; n++ {
		if u := must[*store.User](t)(b.GetUserByUsername(ctx, "ADA", store.Cached)); u.ID != "u1" {
			t.Errorf("ADA is %q", u.ID)
		}
		b.wantCalls(t, faultstore.ReadUser, n)
	}
	b.rows.edit(func(r *rows) { r.users["u9"] = store.User{ID: "u9", Username: "ADA"} })
	if u := must[*store.User](t)(b.GetUserByUsername(ctx, "ADA", store.Cached)); u.ID != "u9" {
		t.Errorf("once there is an ADA, it is %q", u.ID)
	}
}

func TestFreshPassesTheCacheAndRefillsIt(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
	b.rows.edit(func(r *rows) { r.users["u1"] = store.User{ID: "u1", Name: "Ada II", Username: "ada"} })
	if u := must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached)); u.Name != "Ada" {
		t.Errorf("cached read: got %q, want the old name, or nothing was cached", u.Name)
	}
	for _, c := range []store.Consistency{store.Fresh, store.Cached} {
		if u := must[*store.User](t)(b.GetUser(ctx, "u1", c)); u.Name != "Ada II" {
			t.Errorf("read %d: got %q, want the new name", c, u.Name)
		}
	}
	b.wantCalls(t, faultstore.ReadUser, 2)
}

func TestAFreshRefusalIsNotTakenBack(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
	b.rows.edit(func(r *rows) { delete(r.users, "u1") })
	_, err := b.GetUser(ctx, "u1", store.Fresh)
	wantErr(t, err, store.ErrUserNotFound)
	_, err = b.GetUser(ctx, "u1", store.Cached)
	wantErr(t, err, store.ErrUserNotFound)
}

func TestARecordAnswersOnlyToWhatItCarries(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Cached))
	must[*store.User](t)(b.GetUserByEmail(ctx, "ada@example.com", store.Cached))
	// u1 gives name and address up, and u2 takes them.
	b.rows.edit(func(r *rows) {
		r.users["u1"] = store.User{ID: "u1", Username: "lovelace", Email: "lovelace@example.com"}
		r.users["u2"] = store.User{ID: "u2", Username: "ada", Email: "ada@example.com"}
	})
	must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh))
	if u := must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Cached)); u.ID != "u2" {
		t.Errorf("by user name: got %s, want u2", u.ID)
	}
	if u := must[*store.User](t)(b.GetUserByEmail(ctx, "ada@example.com", store.Cached)); u.ID != "u2" {
		t.Errorf("by e-mail: got %s, want u2", u.ID)
	}
}

func TestASessionRecordAnswersOnlyItsOwnToken(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	_, _, err := b.GetSession(ctx, "token-1", store.Cached)
	wantErr(t, err, nil)
	// The row of s1 gets another token, and is read under it.
	b.rows.edit(func(r *rows) {
		r.sessions["token-2"] = r.sessions["token-1"]
		delete(r.sessions, "token-1")
	})
	_, _, err = b.GetSession(ctx, "token-2", store.Cached)
	wantErr(t, err, nil)
	_, _, err = b.GetSession(ctx, "token-1", store.Cached)
	wantErr(t, err, store.ErrSessionNotFound)
}

func TestVerdictsAreComputedOnRead(t *testing.T) {
	t.Parallel()
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t), testContext(t)
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
		b.clock.advance(time.Hour)
		_, _, err = b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil) // alive at the very instant
		b.wantCalls(t, faultstore.ReadSession, 1)
		b.clock.advance(time.Nanosecond)
		_, _, err = b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, store.ErrSessionExpired)
	})
	t.Run("prolonged by the website", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t), testContext(t)
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
		b.clock.advance(2 * time.Hour)
		xid := b.rows.edit(func(r *rows) {
			r.sessions["token-1"] = store.Session{ID: "s1", UserID: "u1", ExpiresAt: b.clock.Now().Add(time.Hour)}
		})
		b.tell(store.TableSession, store.OpUpdate, xid, "s1", "u1")
		_, _, err = b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
	})
	t.Run("banned user in the cache", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t), testContext(t)
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
		b.rows.edit(func(r *rows) {
			u := r.users["u1"]
			u.Banned = true
			r.users["u1"] = u
		})
		must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh))
		_, _, err = b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, store.ErrUserBanned)
	})
	t.Run("deletion that became final", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t), testContext(t)
		must[time.Time](t)(b.DeleteCharacter(ctx, 1, "u1"))
		must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached))
		b.clock.advance(store.DeletionGrace)
		b.rows.edit(func(r *rows) { delete(r.characters, 1) }) // the purge
		_, err := b.GetCharacter(ctx, 1, store.Cached)
		wantErr(t, err, store.ErrCharacterNotFound)
	})
}

func TestListLeavesMarkedCharactersOutWhenRead(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[time.Time](t)(b.DeleteCharacter(ctx, 1, "u1"))
	names := func(deleted bool) (names []string) {
		for _, c := range must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", deleted, store.Cached)) {
			names = append(names, c.Name)
		}
		return names
	}
	for range 2 { // from the store, then from the cache
		if d := cmp.Diff([]string{"Mule"}, names(false)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"Hero", "Mule"}, names(true)); d != "" {
			t.Error(d)
		}
	}
	b.wantCalls(t, faultstore.ReadCharacters, 1)
	if got := must[[]*store.Character](t)(b.ListCharacters(ctx, "nobody", true, store.Cached)); got == nil || len(got) != 0 {
		t.Errorf("list of nobody: got %v, want an empty one", got)
	}
}

func TestCallersMayChangeTheirAnswers(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, nearOnly), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadCharacters, gate.Before)
	lists := make(chan []*store.Character, 2)
	for range 2 {
		go func() {
			list, _ := b.ListCharacters(ctx, "u1", true, store.Cached)
			lists <- list
		}()
	}
	<-gate.Arrived
	gate.Open()
	a, c := <-lists, <-lists
	a[0].Name = "changed"
	if c[0].Name != "Hero" {
		t.Error("two callers share a character")
	}
}

func TestKeysHoldNeitherNamesNorTokens(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.settle(t, 2, func() { must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Cached)) })
	b.settle(t, 2, func() { must[*store.User](t)(b.GetUserByEmail(ctx, "ada@example.com", store.Cached)) })
	b.settle(t, 3, func() {
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
	})
	b.settle(t, 3, func() { must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", false, store.Cached)) })
	keys := b.cache.keys()
	if len(keys) != 8 {
		t.Errorf("got %d keys, want 8: %q", len(keys), keys)
	}
	for _, key := range keys {
		for _, secret := range []string{"ada", "token-1"} {
			if strings.Contains(key, secret) {
				t.Errorf("key %q holds %q", key, secret)
			}
		}
		if strings.Contains(string(b.cache.values[key].value), "token-1") {
			t.Errorf("the value of %q holds the token", key)
		}
	}
}

// An id may be such that its key is that of a user name.
func TestAWayToAskIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	d := store.DigestOf("ada")
	id := "username:" + hex.EncodeToString(d[:])
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadUser, faultstore.Times(1, gate.Before))
	byName := make(chan error, 1)
	go func() {
		_, err := b.GetUserByUsername(ctx, "ada", store.Cached)
		byName <- err
	}()
	<-gate.Arrived
	_, err := b.GetUser(ctx, id, store.Cached) // while the other is loaded
	wantErr(t, err, store.ErrUserNotFound)
	gate.Open()
	wantErr(t, <-byName, nil)
	_, err = b.GetUser(ctx, id, store.Cached) // when the other is cached
	wantErr(t, err, store.ErrUserNotFound)
}

func TestAListAnswersOnlyWithItsOwnersCharacters(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Cached))
	b.rows.edit(func(r *rows) {
		c := r.characters[2]
		c.UserID = "u2"
		r.characters[2] = c
	})
	must[*store.Character](t)(b.GetCharacter(ctx, 2, store.Fresh))
	if l := must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Cached)); len(l) != 1 {
		t.Errorf("got %d characters, one of another user", len(l))
	}
}

func TestWhatIsTooLargeIsNotCached(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, sharedOnly), testContext(t)
	long := strings.Repeat("x", cached.MaxKey)
	b.rows.edit(func(r *rows) {
		r.users["u1"] = store.User{ID: "u1", Image: strings.Repeat("x", cached.MaxValue)}
		r.users[long] = store.User{ID: long}
	})
	must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
	must[*store.User](t)(b.GetUser(ctx, long, store.Cached))
	// What comes after it through the same queue is there.
	b.settle(t, 1, func() { must[*store.User](t)(b.GetUser(ctx, "u2", store.Cached)) })
	if keys := b.cache.keys(); len(keys) != 1 {
		t.Errorf("the cache holds %q, want the small one alone", keys)
	}
	if n := testutil.CollectAndCount(b.metrics, "waystone_cache_errors_total"); n != 0 {
		t.Error("what is too large counts as a failure of the cache")
	}
}

func TestMetricsCountReads(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	for _, c := range []store.Consistency{store.Cached, store.Cached, store.Cached, store.Fresh} {
		must[*store.User](t)(b.GetUser(ctx, "u1", c))
	}
	b.wantMetric(t, `waystone_cache_reads_total{read="user",result="fresh"}`, 1)
	b.wantMetric(t, `waystone_cache_reads_total{read="user",result="hit"}`, 2)
	b.wantMetric(t, `waystone_cache_reads_total{read="user",result="miss"}`, 1)
	b.wantMetric(t, `waystone_cache_loads_total{read="user"}`, 2)
}

func TestTTLIsJitteredAndNeverExceeded(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	for range 50 {
		b.settle(t, 1, func() { must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh)) })
	}
	seen := map[time.Duration]bool{}
	for _, d := range b.cache.ttls {
		seen[d] = true
		if d > ttl || d < ttl-time.Duration(cached.Spread*float64(ttl)) {
			t.Errorf("a value lives %s, want at most %s and at least %v of it", d, ttl, 1-cached.Spread)
		}
	}
	if len(seen) < 25 {
		t.Errorf("50 values got %d different lives", len(seen))
	}
}

func TestTheNearLevelIsBounded(t *testing.T) {
	t.Parallel()
	const bound = 1 << 20
	b, ctx := setup(t, nearOnly, func(c *cached.Config) { c.NearBytes = bound }), testContext(t)
	const users = 1000
	b.rows.edit(func(r *rows) {
		for i := range users {
			id := "user-" + strconv.Itoa(i)
			r.users[id] = store.User{ID: id, Image: strings.Repeat("x", 10000)}
		}
	})
	for i := range users {
		must[*store.User](t)(b.GetUser(ctx, "user-"+strconv.Itoa(i), store.Cached))
	}
	weight, entries := b.NearSize()
	if weight > bound*11/10 || entries > bound/1000 || entries < 10 {
		t.Errorf("the near level holds %d entries of %d bytes, want at most %d bytes", entries, weight, bound)
	}
}
