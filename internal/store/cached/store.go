package cached

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// DefaultLoadTimeout bounds a load when Config leaves LoadTimeout at 0.
	DefaultLoadTimeout = 5 * time.Second
	// DefaultLease is how long cached values may be used after the feed was
	// asked how far it is, when Config leaves Lease at 0.
	DefaultLease = 200 * time.Millisecond
	// MinTTL is the shortest time that anything is cached for.
	MinTTL = time.Millisecond
	// Spread is the last part of the TTL, over which the ends of values are
	// distributed that were stored together.
	Spread = 0.2
	// AbsentTTL bounds how long it is remembered that a row does not exist.
	AbsentTTL = 5 * time.Second
	// DefaultRecent is how old a load may be that others use while the feed is
	// silent, when Config leaves Recent at 0.
	DefaultRecent = 100 * time.Millisecond
)

// Config is what a Store is built from.
type Config struct {
	// NearBytes bounds the level inside the process: keys, records and their
	// overhead. 0: no such level.
	NearBytes uint64
	// Cache is the level that processes share; nil for none. It needs an engine
	// whose reads carry snapshots.
	Cache Cache
	// Key signs the values in Cache, KeySize bytes. Somebody without the key can
	// make reads slower, and no more. It is required with Cache.
	Key []byte
	// TTL is how long a record is kept at most. Below MinTTL nothing is cached.
	TTL time.Duration
	// Lease is how long cached values may be used after the feed was asked; it
	// bounds how old an answer can be. 0 is DefaultLease.
	Lease time.Duration
	// Recent is how old a load may be that others use while the feed is silent.
	// 0 is DefaultRecent.
	Recent time.Duration
	// LoadTimeout bounds the query of a load, because all of its callers may
	// have gone. 0 is DefaultLoadTimeout.
	LoadTimeout time.Duration
	// Now is the clock for the ends of sessions, bans and deletions. nil is
	// time.Now.
	Now func() time.Time
	// Log gets a line when the shared cache fails and when it works again, and
	// for panics in the store beneath. nil logs nothing.
	Log *slog.Logger
	// Metrics gets the counters; nil for none. One Store for each registerer.
	Metrics prometheus.Registerer
}

// Store is a store.Store in front of an engine, and the Follower of that
// engine's feed: while no feed confirms, every read goes to the engine. All
// methods may be called from any goroutine, those of store.Follower from one at
// a time. Each load runs in a goroutine of its own, and Close waits for all of
// them.
type Store struct {
	inner   store.Engine
	cfg     Config
	caching bool
	guard   *guard
	near    *near
	fills   *fillQueue // nil without a shared cache, as are seal and hints
	seal    *sealer
	hints   *hints
	metrics *metrics
	feed    feedState
	failing atomic.Bool // whether the shared cache's last answer was an error
	flights *flights

	closing sync.Mutex // no load starts while closed is being set
	closed  atomic.Bool
	loads   sync.WaitGroup
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Follower = (*Store)(nil)
)

// New returns a Store in front of inner. The Store owns inner from here on; if
// the Config is wrong, New closes it.
func New(inner store.Engine, cfg Config) (*Store, error) {
	if cfg.LoadTimeout == 0 {
		cfg.LoadTimeout = DefaultLoadTimeout
	}
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Recent == 0 {
		cfg.Recent = DefaultRecent
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		inner: inner, cfg: cfg, guard: newGuard(cfg.TTL),
		caching: cfg.TTL >= MinTTL && (cfg.NearBytes > 0 || cfg.Cache != nil),
	}
	if s.caching && cfg.Cache != nil {
		var err error
		if s.seal, err = newSealer(cfg.Key); err != nil {
			_ = inner.Close()
			return nil, err
		}
	}
	if s.caching && cfg.NearBytes > 0 {
		n, err := newNear(cfg.NearBytes)
		if err != nil {
			_ = inner.Close()
			return nil, fmt.Errorf("make the cache in the process: %w", err)
		}
		s.near = n
	}
	s.flights = newFlights()
	s.metrics = newMetrics(cfg.Metrics, s)
	if s.caching && cfg.Cache != nil {
		s.fills, s.hints = newFillQueue(s), &hints{}
	}
	return s, nil
}

// Ping asks the store beneath. The state of the cache does not matter, because
// reads work without it.
func (s *Store) Ping(ctx context.Context) error { return s.inner.Ping(ctx) }

// Close closes the store beneath and waits for the running loads. Later calls
// go past the cache and get the closed store's error. The caller has to close
// the shared cache afterwards. A second Close is no error.
func (s *Store) Close() error {
	s.closing.Lock()
	was := s.closed.Swap(true)
	s.closing.Unlock()
	var err error
	if !was {
		err = s.inner.Close()
	}
	s.loads.Wait()
	if !was {
		s.flights.workers.Close()
		if s.fills != nil {
			s.fills.close()
		}
		if s.near != nil {
			s.near.cache.StopAllGoroutines()
		}
	}
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

// jitter shortens ttl by a random part of at most Spread.
func jitter(ttl time.Duration) time.Duration {
	return max(ttl-time.Duration(rand.Float64()*Spread*float64(ttl)), MinTTL) //nolint:gosec // no secret
}
