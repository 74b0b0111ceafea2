package cached

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Cache is a cache that processes share. Each call returns within a short time,
// which the cache itself limits. An error means that the outcome is unknown.
type Cache interface {
	// GetMany returns the value of each key, nil where there is none.
	GetMany(ctx context.Context, keys []string) ([][]byte, error)
	// SetNewer stores a value for ttl, unless one of a higher rank is there. The
	// first rankSize bytes of a value are its rank in decimal.
	SetNewer(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Del removes keys.
	Del(ctx context.Context, keys ...string) error
}

const (
	// MaxKey is the longest key that is cached, in bytes: a longer key, from an
	// id that is longer than any of ours, goes to the store.
	MaxKey = 256
	// MaxValue is the largest value that is put into the shared cache, in bytes.
	// A website may keep whole pictures in its rows.
	MaxValue = 64 << 10
)

// near is the level inside the process: records by key, bounded by their
// weight.
type near struct {
	cache *otter.Cache[string, *record]
}

func newNear(maxBytes uint64) (*near, error) {
	c, err := otter.New(&otter.Options[string, *record]{
		MaximumWeight: maxBytes,
		Weigher: func(key string, r *record) uint32 {
			return uint32(min(len(key)+r.weight(), 1<<30)) //nolint:gosec // bounded
		},
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, *record]) time.Duration {
			return e.Value.ttl
		}),
		OnAtomicDeletion: func(e otter.DeletionEvent[string, *record]) {
			if e.Value.resident != nil {
				e.Value.resident.Store(false)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return &near{cache: c}, nil
}

// set keeps a record under a key.
func (n *near) set(key string, r *record) {
	if r.resident != nil {
		r.resident.Store(true)
	}
	n.cache.Set(key, r)
}

// replace keeps a record under a key in place of an old one, if that is still
// there.
func (n *near) replace(key string, old, r *record) {
	n.cache.ComputeIfPresent(key, func(there *record) (*record, otter.ComputeOp) {
		if there != old {
			return there, otter.CancelOp
		}
		return r, otter.WriteOp
	})
}

// reach says where a record is looked for.
type reach int

const (
	// reachRecent is the process, but only what was loaded within Config.Recent:
	// that is current enough although the feed is silent.
	reachRecent reach = iota
	// reachNear is the process.
	reachNear
	// reachBoth is the process and the shared cache.
	reachBoth
)

// get returns the record of a key, nil if there is none or if a Reset has made
// it void.
func (s *Store) get(to reach, key string) *record {
	if s.near == nil {
		return nil
	}
	r, ok := s.near.cache.GetIfPresent(key)
	if !ok || !s.guard.current(r.begun) {
		return nil
	}
	if r.kind == kindAbsent && !s.guard.stillAbsent(r.table, r.begun) {
		return nil
	}
	if to == reachRecent && (r.loaded == 0 || s.guard.clock()-r.loaded >= int64(s.cfg.Recent)) {
		return nil
	}
	return r
}

// drop removes a key from the near level.
func (s *Store) drop(key string) {
	if s.near != nil {
		s.near.cache.Invalidate(key)
	}
}

// look finds the records of a key and, unless other is empty, of other; nil if
// there is none that may be used.
func (s *Store) look(ctx context.Context, to reach, key, other string) (a, b *record) {
	a = s.get(to, key)
	if other != "" {
		b = s.get(to, other)
	}
	if to != reachBoth || a != nil && (other == "" || b != nil) {
		return a, b
	}
	if other == "" {
		return s.lookMany(ctx, to, []string{key})[0], nil
	}
	records := s.lookMany(ctx, to, []string{key, other})
	return records[0], records[1]
}

// lookMany is look for any number of keys. Those that are not in the process
// are read from the shared cache in one call.
func (s *Store) lookMany(ctx context.Context, to reach, keys []string) []*record {
	records := make([]*record, len(keys))
	var missing []int
	for i, key := range keys {
		if records[i] = s.get(to, key); records[i] == nil && len(key) <= MaxKey {
			missing = append(missing, i)
		}
	}
	if to != reachBoth || len(missing) == 0 || s.cfg.Cache == nil || ctx.Err() != nil {
		return records
	}
	begun := s.guard.next()
	rules := s.guard.rules.Load()
	if rules == nil {
		return records
	}
	names := make([]string, len(missing))
	for i, at := range missing {
		names[i] = rules.sharedKey(keys[at])
	}
	values, err := s.cfg.Cache.GetMany(ctx, names)
	if ctx.Err() != nil {
		return records
	}
	s.noteCache(ctx, "get", err)
	for i, at := range missing {
		if i < len(values) && values[i] != nil {
			records[at] = s.admit(rules, keys[at], names[i], values[i], begun)
		}
	}
	return records
}

// admit turns a value of the shared cache into a record and keeps it in the
// process under key; name is the key in the shared cache. It returns nil if the
// value must not be used.
func (s *Store) admit(rules *rules, key, name string, value []byte, begun uint64) *record {
	if foreign(s.seal, name, value) {
		s.metrics.errors.WithLabelValues("foreign").Inc()
		// It is removed, because it may claim a rank that is higher than that
		// of any value of ours.
		s.fills.offer([]fill{{key: name}})
		return nil
	}
	r, ok := decodeRecord(value)
	if !ok || !r.standsUnder(key) {
		s.metrics.errors.WithLabelValues("decode").Inc()
		return nil
	}
	r.begun = begun
	r.ttl = min(s.cfg.TTL-time.Since(r.read), s.cfg.TTL)
	r.ends = s.guard.clock() + int64(r.ttl)
	// The rules of the key's origin go together with what is remembered since the
	// last Reset; if there was one meanwhile, they do not.
	if r.ttl <= 0 || !s.guard.sees(rules, s.guard.hash(key), r.snapshot, false) || !s.seesOwner(rules, r, false) || !s.guard.current(begun) {
		s.metrics.refused.Inc()
		return nil
	}
	if s.near != nil {
		s.guard.land(key, begun, r.snapshot, false, func() { s.near.set(key, r) })
	}
	s.note(key, r)
	return r
}

// keep stores the result of a load in the near level now, and in the shared
// cache in the background. begun and at are the number and the time of the
// start of the load.
func (s *Store) keep(entries []entry, begun uint64, at int64, snapshot store.Snapshot) {
	if !s.caching {
		return
	}
	now := time.Now()
	var fills []fill
	rules := s.guard.rules.Load()
	for _, e := range entries {
		if len(e.key) > MaxKey {
			continue
		}
		r := e.record
		r.begun, r.loaded, r.snapshot, r.read, r.ttl = begun, at, snapshot, now, jitter(s.cfg.TTL)
		put := func() {
			if s.near != nil {
				s.near.set(e.key, r)
			}
		}
		if r.kind == kindAbsent {
			r.ttl = min(r.ttl, AbsentTTL)
		}
		r.ends = s.guard.clock() + int64(r.ttl)
		if !s.seesOwner(rules, r, true) {
			continue
		}
		var kept bool
		if r.kind == kindAbsent {
			s.guard.landAbsent(r.table, e.key, begun, snapshot, put)
		} else {
			kept = s.guard.land(e.key, begun, snapshot, true, put)
		}
		if kept {
			s.note(e.key, r)
		}
		if kept && s.fills != nil && rules != nil {
			fills = append(fills, fill{key: rules.sharedKey(e.key), record: r})
		}
	}
	if len(fills) > 0 {
		s.fills.offer(fills)
	}
}

// evict is called when a write of this Store has returned, with any outcome: no
// value that was loaded before is used again by this Store.
func (s *Store) evict(keys ...string) {
	at := s.guard.clock()
	for _, key := range keys {
		s.guard.evict(key, mark{at: at}, true, func() { s.drop(key) })
	}
}

// noteCache counts an error of the shared cache. It logs when the cache begins
// to fail and when it works again, not every call in between.
func (s *Store) noteCache(ctx context.Context, operation string, err error) {
	if err != nil {
		s.metrics.errors.WithLabelValues(operation).Inc()
		if !s.failing.Swap(true) {
			s.cfg.Log.WarnContext(ctx, "the shared cache fails; reads go to the store", "operation", operation, "cause", err.Error())
		}
		return
	}
	if s.failing.Load() && s.failing.CompareAndSwap(true, false) {
		s.cfg.Log.InfoContext(ctx, "the shared cache works again")
	}
}
