package cached

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// stripes is the number of locks that keys share. Two keys in one stripe cost
// each other a load now and then, never a wrong answer; in return the memory
// is fixed, 128 KiB.
const stripes = 4096

// guard decides which loads may enter the cache and which values there may be
// used. Its order is one counter: an eviction, a load and a caller each take a
// number when they begin.
type guard struct {
	counter atomic.Uint64
	seed    maphash.Seed
	start   time.Time
	stripes [stripes]stripe
}

// stripe is written under its lock; evicted and barred are read without it,
// for readers must not wait while a value is on its way into the cache.
type stripe struct {
	mu      sync.Mutex
	landed  uint64        // number of the newest load that entered
	evicted atomic.Uint64 // number of the last eviction
	barred  atomic.Int64  // nothing is read from the cache before; nanoseconds since start
}

func newGuard() *guard { return &guard{seed: maphash.MakeSeed(), start: time.Now()} }

// next returns a number higher than all before.
func (g *guard) next() uint64 { return g.counter.Add(1) }

func (g *guard) stripe(key string) *stripe {
	return &g.stripes[maphash.String(g.seed, key)%stripes]
}

// floor returns the number of the last eviction of any of keys.
func (g *guard) floor(keys ...string) (floor uint64) {
	for _, key := range keys {
		floor = max(floor, g.stripe(key).evicted.Load())
	}
	return floor
}

// current reports whether no key was evicted since a load began.
func (g *guard) current(begun uint64, keys []string) bool { return g.floor(keys...) <= begun }

// land runs set, unless what the load brought is older than an eviction of key
// or than what has entered. It holds the stripe meanwhile, so that an eviction
// cannot slip in between: it comes before, and set does not run, or after, and
// takes the value out again. A set that fails may still take effect, so it bars
// the stripe.
func (g *guard) land(key string, begun uint64, ttl time.Duration, set func() error) {
	st := g.stripe(key)
	st.mu.Lock()
	defer st.mu.Unlock()
	if begun < st.evicted.Load() || begun < st.landed {
		return
	}
	st.landed = begun
	if set() != nil {
		g.barLocked(st, ttl)
	}
}

// evict shuts out the loads of keys that have begun.
func (g *guard) evict(keys []string) {
	for _, key := range keys {
		st := g.stripe(key)
		st.mu.Lock()
		// Taken under the lock: evictions of a stripe must not overtake each other.
		st.evicted.Store(g.next())
		st.mu.Unlock()
	}
}

// bar keeps what the cache may hold of keys from being used for as long as it
// may hold it. It is the answer to an eviction that did not reach the cache.
func (g *guard) bar(keys []string, ttl time.Duration) {
	for _, key := range keys {
		st := g.stripe(key)
		st.mu.Lock()
		g.barLocked(st, ttl)
		st.mu.Unlock()
	}
}

// barLocked goes by the real clock, as the cache does.
func (g *guard) barLocked(st *stripe, ttl time.Duration) {
	until := int64(time.Since(g.start) + ttl)
	st.barred.Store(max(until, st.barred.Load()))
}

// isBarred reports whether the cache must not be asked for key.
func (g *guard) isBarred(key string) bool {
	until := g.stripe(key).barred.Load()
	return until != 0 && int64(time.Since(g.start)) < until
}
