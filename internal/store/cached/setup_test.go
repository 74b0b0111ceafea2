package cached_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

var errCache = errors.New("cache on fire")

// memory is a shared cache that keeps everything for ever and can be broken.
type memory struct {
	mu      sync.Mutex
	values  map[string]held
	ttls    []time.Duration
	sets    int
	asked   [][]string // the keys of every look
	failGet bool
	failSet bool
	fixed   bool        // nothing is stored or removed
	stored  chan string // gets the key of every set that came through, if not nil
	onGet   func()      // called once between a look and its answer, without the lock
}

// held is a value and its rank.
type held struct {
	value []byte
	rank  uint64
}

func (m *memory) GetMany(_ context.Context, keys []string) ([][]byte, error) {
	m.mu.Lock()
	defer func() {
		hook := m.onGet
		m.onGet = nil
		m.mu.Unlock()
		if hook != nil {
			hook()
		}
	}()
	m.asked = append(m.asked, slices.Clone(keys))
	if m.failGet {
		return nil, errCache
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if h, ok := m.values[key]; ok {
			values[i] = append([]byte{}, h.value...)
		}
	}
	return values, nil
}

func (m *memory) SetNewer(_ context.Context, key string, value []byte, ttl time.Duration) error {
	rank, err := rankOf(value)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stored != nil {
		defer func() { m.stored <- key }()
	}
	m.sets++
	m.ttls = append(m.ttls, ttl)
	if m.failSet {
		return errCache
	}
	if m.values[key].rank <= rank && !m.fixed {
		m.values[key] = held{slices.Clone(value), rank}
	}
	return nil
}

func (m *memory) Del(_ context.Context, keys ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if !m.fixed {
			delete(m.values, key)
		}
	}
	return nil
}

// cacheKey is what signs the values in the tests' shared caches.
func cacheKey() []byte { return bytes.Repeat([]byte{7}, cached.KeySize) }

// rankOf reads the rank that a value begins with.
func rankOf(value []byte) (uint64, error) { return strconv.ParseUint(string(value[:16]), 10, 64) }

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

const (
	ttl       = time.Minute
	nearBytes = 64 << 20
	origin    = "test"
)

// both is with both levels, nearOnly with the one in the process, sharedOnly
// with the other.
func nearOnly(c *cached.Config)   { c.Cache = nil }
func sharedOnly(c *cached.Config) { c.NearBytes = 0 }

// setup returns a Store whose feed has been confirmed for an hour to come.
func setup(t testing.TB, change ...func(*cached.Config)) bench {
	t.Helper()
	b := bench{
		cache: &memory{values: map[string]held{}},
		clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
	}
	b.rows = newRows(b.clock.Now)
	b.rows.users["u1"] = store.User{ID: "u1", Name: "Ada", Username: "ada", Email: "ada@example.com", Role: "user"}
	b.rows.users["u2"] = store.User{ID: "u2", Name: "Ben", Username: "ben", Email: "ben@example.com", Role: "user"}
	b.rows.sessions["token-1"] = store.Session{ID: "s1", UserID: "u1", ExpiresAt: b.clock.Now().Add(time.Hour)}
	b.rows.characters[1] = store.Character{ID: 1, UserID: "u1", Name: "Hero", Slot: 0, Version: 1}
	b.rows.characters[2] = store.Character{ID: 2, UserID: "u1", Name: "Mule", Slot: 1, Version: 1}
	return b.replica(t, change...)
}

// replica returns another Store over the same rows and shared cache.
func (b bench) replica(t testing.TB, change ...func(*cached.Config)) bench {
	t.Helper()
	b.metrics = prometheus.NewRegistry()
	b.faults = faultstore.New(b.rows)
	cfg := cached.Config{
		NearBytes: nearBytes, Cache: b.cache, Key: cacheKey(), TTL: ttl, Lease: time.Hour, Now: b.clock.Now,
		Log: slog.New(slog.DiscardHandler), Metrics: b.metrics,
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if b.Store, err = cached.New(b.faults, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	b.connect()
	return b
}

// connect is the feed's beginning.
func (b bench) connect() {
	b.Reset(origin, b.rows.snapshot())
	b.confirm()
}

// confirm says that the feed has told everything.
func (b bench) confirm() { b.Confirmed(time.Now(), b.rows.snapshot()) }

// tell has the feed tell one change.
func (b bench) tell(table store.Table, op store.Op, xid uint64, id, userID string) {
	b.Changed([]store.Change{{Table: table, Op: op, Xid: xid, ID: id, UserID: userID}})
}

// settle waits until the shared cache holds n values more than before f.
func (b bench) settle(t testing.TB, n int, f func()) {
	t.Helper()
	stored := make(chan string, 64)
	b.cache.with(func(m *memory) { m.stored = stored })
	f()
	for range n {
		select {
		case <-stored:
		case <-testContext(t).Done():
			t.Fatal("the shared cache was not filled")
		}
	}
	b.cache.with(func(m *memory) { m.stored = nil })
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

// wantMetric checks the value of one series.
func (b bench) wantMetric(t testing.TB, series string, want float64) {
	t.Helper()
	families, err := b.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+`="`+l.GetValue()+`"`)
			}
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			if name == series {
				if got := m.GetCounter().GetValue() + m.GetGauge().GetValue(); got != want {
					t.Errorf("%s is %v, want %v", series, got, want)
				}
				return
			}
		}
	}
	t.Errorf("there is no %s", series)
}
