package cached

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// DefaultLoadTimeout bounds a load when Config leaves LoadTimeout at 0.
	DefaultLoadTimeout = 5 * time.Second
	// MinTTL is the shortest time that anything is cached for.
	MinTTL = time.Millisecond
	// Spread is the part of the TTL, counted from its end, over which values
	// stored together run out.
	Spread = 0.2
)

// Config is what a Store is built from.
type Config struct {
	// Cache keeps the values. Without one nothing is cached; loads of one key
	// are still shared.
	Cache Cache
	// TTL is how old an answer may be when somebody else changed the row. Below
	// MinTTL nothing is cached.
	TTL time.Duration
	// LoadTimeout bounds a load, whose callers may all have gone. 0 is
	// DefaultLoadTimeout.
	LoadTimeout time.Duration
	// Now judges sessions, bans and deletions. nil is time.Now.
	Now func() time.Time
	// Log is told when the cache fails and when it works again, and of panics
	// in the store beneath. nil logs nothing.
	Log *slog.Logger
	// Metrics gets the counters; nil for none. One Store for each registerer.
	Metrics prometheus.Registerer
}

// Store is a store.Store in front of another. All methods may be called from
// any goroutine. Each load runs in a goroutine of its own, and Close waits for
// all of them.
type Store struct {
	inner   store.Store
	cfg     Config
	caching bool
	guard   *guard
	metrics *metrics
	failing atomic.Bool // whether the cache's last answer was an error
	flights singleflight.Group

	closing sync.Mutex // no load starts while closed is being set
	closed  atomic.Bool
	loads   sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// New returns a Store in front of inner, which it owns from here on.
func New(inner store.Store, cfg Config) *Store {
	if cfg.LoadTimeout == 0 {
		cfg.LoadTimeout = DefaultLoadTimeout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{
		inner: inner, cfg: cfg, guard: newGuard(), metrics: newMetrics(cfg.Metrics),
		caching: cfg.Cache != nil && cfg.TTL >= MinTTL,
	}
}

// Ping asks the store beneath. The cache has no say in whether we can answer.
func (s *Store) Ping(ctx context.Context) error { return s.inner.Ping(ctx) }

// Close closes the store beneath and waits for the loads under way. Calls made
// afterwards pass the cache and get the closed store's error. The cache is the
// caller's to close. Closing again is no error.
func (s *Store) Close() error {
	s.closing.Lock()
	was := s.closed.Swap(true)
	s.closing.Unlock()
	var err error
	if !was {
		err = s.inner.Close()
	}
	s.loads.Wait()
	return err
}

// begin reports whether a load may start; if so, loads.Done ends it.
func (s *Store) begin() bool {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed.Load() {
		return false
	}
	s.loads.Add(1)
	return true
}
