package cached_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

func TestMain(m *testing.M) {
	// Most of them wait for a server or for the feed, not for a processor.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestManyReadersOfAColdKeyCostOneQuery(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadUser, gate.Before)
	const readers = 200
	outcomes := make(chan error, readers)
	for range readers {
		go func() {
			_, err := b.GetUser(ctx, "u1", store.Cached)
			outcomes <- err
		}()
	}
	<-gate.Arrived
	gate.Open()
	for range readers {
		wantErr(t, <-outcomes, nil)
	}
	b.wantCalls(t, faultstore.ReadUser, 1)
}

func TestACallerWhoLeavesFailsNobodyElse(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadUser, gate.Before)
	first, leave := context.WithCancel(ctx)
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := b.GetUser(first, "u1", store.Cached)
		left <- err
	}()
	<-gate.Arrived // the load is the first caller's
	go func() {
		_, err := b.GetUser(ctx, "u1", store.Cached)
		stayed <- err
	}()
	leave()
	wantErr(t, <-left, context.Canceled)
	gate.Open()
	wantErr(t, <-stayed, nil)
	b.wantCalls(t, faultstore.ReadUser, 1)
}

func TestASlowLoadReleasesEachCallerInItsOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(c *cached.Config) { c.LoadTimeout = 3 * time.Second })
		b.faults.On(faultstore.ReadUser, faultstore.NewGate().Before) // nobody opens it
		start := time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.GetUser(short, "u1", store.Cached)
		wantErr(t, err, context.DeadlineExceeded)
		if d := time.Since(start); d != time.Second {
			t.Errorf("released after %s, want its own second", d)
		}
		_, err = b.GetUser(t.Context(), "u1", store.Cached)
		wantErr(t, err, store.ErrUnavailable)
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("the load ended after %s, want LoadTimeout", d)
		}
	})
}

// However many loads stand still, each caller is released in its own time, and
// a load of something else begins at once.
func TestManySlowLoadsHoldNobodyElseUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.faults.On(faultstore.ReadUser, faultstore.NewGate().Before) // nobody opens it
		const readers = 300
		outcomes := make(chan error, readers)
		start := time.Now()
		for i := range readers {
			go func() {
				own := time.Duration(i+1) * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), own)
				defer cancel()
				_, err := b.GetUser(ctx, "nobody "+strconv.Itoa(i), store.Cached)
				if d := time.Since(start); d != own {
					t.Errorf("reader %d was released after %s, want %s", i, d, own)
				}
				outcomes <- err
			}()
		}
		synctest.Wait()
		b.wantCalls(t, faultstore.ReadUser, readers)
		must[*store.Character](t)(b.GetCharacter(t.Context(), 1, store.Cached))
		if d := time.Since(start); d != 0 {
			t.Errorf("another read took %s", d)
		}
		for range readers {
			wantErr(t, <-outcomes, context.DeadlineExceeded)
		}
	})
}

func TestAnErrorReachesEveryWaiterAndIsNotKept(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.faults.On(faultstore.ReadUser, faultstore.Times(1, faultstore.Fail(store.ErrUnavailable)))
	_, err := b.GetUser(ctx, "u1", store.Cached)
	wantErr(t, err, store.ErrUnavailable)
	_, err = b.GetUser(ctx, "u1", store.Cached)
	wantErr(t, err, nil)
}

func TestAPanicInTheStoreIsAnError(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := setup(t, func(c *cached.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ctx := testContext(t)
	b.faults.On(faultstore.ReadUser, faultstore.Panic("row of the wrong shape"))
	_, err := b.GetUser(ctx, "u1", store.Cached)
	if errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), "row of the wrong shape") {
		t.Errorf("got %v, want an internal error that names the panic as its cause", err)
	}
	if !strings.Contains(log.String(), "row of the wrong shape") || !strings.Contains(log.String(), "faultstore/fault.go") {
		t.Errorf("the log has no panic with its stack:\n%s", log.String())
	}
	b.faults.Off(faultstore.ReadUser)
	_, err = b.GetUser(ctx, "u1", store.Cached)
	wantErr(t, err, nil)
}

func TestABrokenCacheIsSlowerAndNeverWrong(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := setup(t, sharedOnly, func(c *cached.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ctx := testContext(t)
	b.cache.with(func(m *memory) { m.failGet, m.failSet = true, true })
	for range 3 {
		must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
		must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Fresh))
		_, _, err := b.GetSession(ctx, "token-1", store.Cached)
		wantErr(t, err, nil)
		must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Cached))
		must[[]store.SaveResult](t)(b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Key: "k"}}))
		if _, err := b.GetUser(ctx, "nobody", store.Cached); !errors.Is(err, store.ErrUserNotFound) {
			t.Errorf("got %v, want the store's own answer", err)
		}
	}
	b.wantCalls(t, faultstore.ReadCharacters, 3)
	b.wantMetric(t, `waystone_cache_loads_total{read="character_list"}`, 3)
	b.cache.with(func(m *memory) { m.failGet, m.failSet = false, false })
	for range 2 {
		must[*store.User](t)(b.GetUser(ctx, "u2", store.Cached))
	}
	if got := strings.Count(log.String(), "the shared cache fails"); got != 1 {
		t.Errorf("the failing cache is logged %d times, want once", got)
	}
	if got := strings.Count(log.String(), "the shared cache works again"); got != 1 {
		t.Errorf("the healed cache is logged %d times, want once", got)
	}
}

func TestGarbageInTheCacheIsAMiss(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, sharedOnly), testContext(t)
	fill := func() {
		b.settle(t, 2, func() { must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Fresh)) })
		b.settle(t, 3, func() {
			_, _, err := b.GetSession(ctx, "token-1", store.Fresh)
			wantErr(t, err, nil)
		})
		b.settle(t, 3, func() { must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Fresh)) })
	}
	read := func(what string) {
		t.Helper()
		if u := must[*store.User](t)(b.GetUserByUsername(ctx, "ada", store.Cached)); u.ID != "u1" {
			t.Errorf("%s: got user %q", what, u.ID)
		}
		s, u, err := b.GetSession(ctx, "token-1", store.Cached)
		if err != nil || s.ID != "s1" || u.ID != "u1" {
			t.Errorf("%s: got session %+v of %+v, %v", what, s, u, err)
		}
		if l := must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Cached)); len(l) != 2 || l[0].Name != "Hero" {
			t.Errorf("%s: got %d characters", what, len(l))
		}
	}
	for what, spoil := range map[string]func([]byte) []byte{
		"empty":          func([]byte) []byte { return nil },
		"cut":            func(b []byte) []byte { return b[:len(b)-1] },
		"header alone":   func(b []byte) []byte { return b[:30] },
		"longer":         func(b []byte) []byte { return append(b, 0) },
		"one bit":        func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"another layout": func(b []byte) []byte { b[16]++; return b },
		"another kind":   func(b []byte) []byte { b[17] = 'z'; return b },
		"text":           func([]byte) []byte { return []byte(`{"session":{"id":"s1"}}`) },
	} {
		fill()
		b.cache.with(func(m *memory) {
			for key, v := range m.values {
				m.values[key] = held{spoil(v.value), v.rank}
			}
		})
		calls := b.faults.Calls(faultstore.ReadCharacters)
		b.settle(t, 8, func() { read(what) }) // or its fills would mend the next spoil
		if b.faults.Calls(faultstore.ReadCharacters) != calls+1 {
			t.Errorf("%s: the list was not asked of the store", what)
		}
	}
}

func TestWithoutCacheEveryReadIsTheStores(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cached.Config){
		"no level": func(c *cached.Config) { c.Cache, c.NearBytes = nil, 0 },
		"TTL 0":    func(c *cached.Config) { c.TTL = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, change), testContext(t)
			for range 3 {
				must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
			}
			b.wantCalls(t, faultstore.ReadUser, 3)
			if keys := b.cache.keys(); len(keys) != 0 {
				t.Errorf("the cache holds %q", keys)
			}
		})
	}
}

func TestACallerAlreadyGoneGetsItsOwnError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must[*store.User](t)(b.GetUser(testContext(t), "u1", store.Cached))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.GetUser(ctx, "u1", store.Cached)
	wantErr(t, err, context.Canceled)
}

func TestCloseWaitsForLoadsAndPassesTheCacheAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx := t.Context()
		must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached))
		gate := faultstore.NewGate()
		b.faults.On(faultstore.ReadUser, gate.Before)
		loaded, closed := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := b.GetUserByEmail(ctx, "ada@example.com", store.Cached)
			loaded <- err
		}()
		<-gate.Arrived
		go func() { closed <- b.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("Close came back with %v while a load was under way", err)
		default:
		}
		gate.Open()
		wantErr(t, <-closed, nil)
		wantErr(t, <-loaded, store.ErrUnavailable)
		_, err := b.GetUser(ctx, "u1", store.Cached)
		wantErr(t, err, store.ErrUnavailable)
	})
}

// A value that stands under the key of another record is none: whoever put it
// there, it would answer for somebody else.
func TestAValueUnderAnothersKeyIsRefused(t *testing.T) {
	t.Parallel()
	for level, change := range map[string]func(*cached.Config){"both": func(*cached.Config) {}, "shared": sharedOnly} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, change), testContext(t)
			b.settle(t, 2, func() {
				must[*store.User](t)(b.GetUser(ctx, "u2", store.Cached))
				must[*store.Character](t)(b.GetCharacter(ctx, 2, store.Cached))
			})
			b.cache.with(func(m *memory) {
				for from, to := range map[string]string{"user:u2": "user:u1", "character:2": "character:1"} {
					m.values[origin+":"+to] = m.values[origin+":"+from]
				}
			})
			other := b.replica(t, change)
			u := must[*store.User](t)(other.GetUser(ctx, "u1", store.Cached))
			c := must[*store.Character](t)(other.GetCharacter(ctx, 1, store.Cached))
			if u.ID != "u1" || c.ID != 1 {
				t.Errorf("got user %s and character %d", u.ID, c.ID)
			}
			other.wantMetric(t, `waystone_cache_errors_total{operation="foreign"}`, 2)
		})
	}
}
