package cached

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Cache is what a Store keeps its values in, shared by processes or not. Each
// call answers within a short time of the cache's own; an error means that the
// outcome is unknown.
type Cache interface {
	// Get returns the value of a key and whether there is one.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set stores a value for ttl.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Del removes keys; those that are not there are no error.
	Del(ctx context.Context, keys ...string) error
}

const (
	// MaxKey is the longest key that is cached, in bytes: one from an id longer
	// than any of ours goes to the store.
	MaxKey = 256
	// MaxValue is the largest value that is cached, in bytes. A website may keep
	// whole pictures in its rows.
	MaxValue = 64 << 10
)

// writeTimeout bounds Set and Del, which go on when the caller has gone.
const writeTimeout = time.Second

// entry is a value on its way into the cache.
type entry struct {
	key   string
	value []byte
}

// get returns the value of a key if there is one that may be used.
func (s *Store) get(ctx context.Context, key string) ([]byte, bool) {
	if !s.caching || len(key) > MaxKey || s.guard.isBarred(key) {
		return nil, false
	}
	value, ok, err := s.cfg.Cache.Get(ctx, key)
	if ctx.Err() != nil {
		return nil, false
	}
	s.noteCache(ctx, "get", err)
	return value, ok && err == nil
}

// land offers what a load brought to the cache.
func (s *Store) land(ctx context.Context, begun uint64, entries []entry) {
	if !s.caching {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	for _, e := range entries {
		if len(e.key) > MaxKey {
			continue
		}
		s.guard.land(e.key, begun, s.cfg.TTL, func() error {
			if len(e.value) > MaxValue {
				err := s.cfg.Cache.Del(ctx, e.key) // a smaller one from before
				s.noteCache(ctx, "del", err)
				return err
			}
			err := s.cfg.Cache.Set(ctx, e.key, e.value, jitter(s.cfg.TTL))
			s.noteCache(ctx, "set", err)
			return err
		})
	}
}

// evict takes keys out. When it returns, no value that was loaded before is
// used again by this Store, whether or not the cache could be reached.
func (s *Store) evict(ctx context.Context, keys ...string) {
	s.guard.evict(keys)
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return len(key) > MaxKey })
	if !s.caching || len(keys) == 0 {
		return
	}
	// Once more when the values are gone: until then a load could still find
	// them, and nobody who comes after this eviction may join it.
	defer s.guard.evict(keys)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := s.cfg.Cache.Del(ctx, keys...)
	s.noteCache(ctx, "del", err)
	if err != nil {
		s.guard.bar(keys, s.cfg.TTL)
	}
}

// noteCache counts an error and logs the turns from working to failing and
// back, not every call in between.
func (s *Store) noteCache(ctx context.Context, operation string, err error) {
	if err != nil {
		s.metrics.errors.WithLabelValues(operation).Inc()
		if !s.failing.Swap(true) {
			s.cfg.Log.WarnContext(ctx, "the cache fails; reads go to the store", "operation", operation, "cause", err.Error())
		}
		return
	}
	if s.failing.Load() && s.failing.CompareAndSwap(true, false) {
		s.cfg.Log.InfoContext(ctx, "the cache works again")
	}
}

// jitter shortens ttl by a random part of at most Spread.
func jitter(ttl time.Duration) time.Duration {
	return max(ttl-time.Duration(rand.Float64()*Spread*float64(ttl)), MinTTL) //nolint:gosec // no secret
}
