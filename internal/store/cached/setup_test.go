package cached_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

var errCache = errors.New("cache on fire")

// memory is a cache that keeps everything for ever and can be broken.
type memory struct {
	mu      sync.Mutex
	values  map[string][]byte
	ttls    []time.Duration
	failGet bool
	failSet bool
	failDel bool
	onSet   func(key string) // called before a value is stored, without the lock
	onGet   func(key string) // called between a look and its answer, without the lock
	onDel   func()           // called before values go, without the lock
}

// call runs a hook once.
func (m *memory) call(take func(*memory) func()) {
	m.mu.Lock()
	hook := take(m)
	m.mu.Unlock()
	if hook != nil {
		hook()
	}
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	v, ok := m.values[key]
	fail := m.failGet
	v = slices.Clone(v)
	m.mu.Unlock()
	m.call(func(m *memory) func() {
		hook := m.onGet
		m.onGet = nil
		if hook == nil {
			return nil
		}
		return func() { hook(key) }
	})
	if fail {
		return nil, false, errCache
	}
	return v, ok, nil
}

func (m *memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	m.call(func(m *memory) func() {
		hook := m.onSet
		m.onSet = nil
		if hook == nil {
			return nil
		}
		return func() { hook(key) }
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ttls = append(m.ttls, ttl)
	if m.failSet {
		return errCache
	}
	m.values[key] = slices.Clone(value)
	return nil
}

func (m *memory) Del(_ context.Context, keys ...string) error {
	m.call(func(m *memory) func() {
		hook := m.onDel
		m.onDel = nil
		return hook
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failDel {
		return errCache
	}
	for _, key := range keys {
		delete(m.values, key)
	}
	return nil
}

// with changes the cache between calls.
func (m *memory) with(f func(m *memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.values))
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a Store under test and everything around it.
type bench struct {
	*cached.Store
	rows    *rows
	faults  *faultstore.Store
	cache   *memory
	clock   *clock
	metrics *prometheus.Registry
}

const ttl = time.Minute

func setup(t testing.TB, change ...func(*cached.Config)) bench {
	t.Helper()
	b := bench{
		cache:   &memory{values: map[string][]byte{}},
		clock:   &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		metrics: prometheus.NewRegistry(),
	}
	b.rows = newRows(b.clock.Now)
	b.rows.users["u1"] = store.User{ID: "u1", Name: "Ada", Username: "ada", Email: "ada@example.com", Role: "user"}
	b.rows.users["u2"] = store.User{ID: "u2", Name: "Ben", Username: "ben", Email: "ben@example.com", Role: "user"}
	b.rows.sessions["token-1"] = store.Session{ID: "s1", UserID: "u1", ExpiresAt: b.clock.Now().Add(time.Hour)}
	b.rows.characters[1] = store.Character{ID: 1, UserID: "u1", Name: "Hero", Slot: 0, Version: 1}
	b.rows.characters[2] = store.Character{ID: 2, UserID: "u1", Name: "Mule", Slot: 1, Version: 1}
	b.faults = faultstore.New(b.rows)
	cfg := cached.Config{
		Cache: b.cache, TTL: ttl, Now: b.clock.Now,
		Log: slog.New(slog.DiscardHandler), Metrics: b.metrics,
	}
	for _, f := range change {
		f(&cfg)
	}
	b.Store = cached.New(b.faults, cfg)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// testContext ends a test that hangs long before the whole run does.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// wantCalls checks how often the store beneath was asked.
func (b bench) wantCalls(t testing.TB, m faultstore.Method, want int) {
	t.Helper()
	if got := b.faults.Calls(m); got != want {
		t.Errorf("the store got %d calls of %s, want %d", got, m, want)
	}
}
