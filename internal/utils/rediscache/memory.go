package rediscache

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"
)

// EntryOverhead is what an entry of a Memory counts beyond its key and value,
// in bytes, for the structures around it.
const EntryOverhead = 128

// MemoryConfig bounds a Memory: by MaxBytes or by MaxEntries, not both.
type MemoryConfig struct {
	// MaxBytes bounds keys, values and EntryOverhead together.
	MaxBytes uint64
	// MaxEntries bounds the number of entries.
	MaxEntries int
	// MaxValue bounds a value, in bytes. 0: 1 MiB.
	MaxValue int
}

// Memory is a Cache in this process. When full it forgets the entries that are
// least likely to be asked for; for a moment it may hold a few too many.
type Memory struct {
	cfg   MemoryConfig
	cache *otter.Cache[string, entry]
}

type entry struct {
	value []byte
	ttl   time.Duration
}

// NewMemory returns an empty cache. Close it to end its clean-up goroutine.
func NewMemory(cfg MemoryConfig) (*Memory, error) {
	if (cfg.MaxBytes > 0) == (cfg.MaxEntries > 0) {
		return nil, errors.New("a memory cache must be bounded by MaxBytes or by MaxEntries, and not by both")
	}
	if cfg.MaxValue == 0 {
		cfg.MaxValue = DefaultMaxValue
	}
	opts := &otter.Options[string, entry]{
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, entry]) time.Duration { return e.Value.ttl }),
		MaximumSize:      cfg.MaxEntries,
	}
	if cfg.MaxBytes > 0 {
		opts.MaximumWeight = cfg.MaxBytes
		opts.Weigher = func(key string, e entry) uint32 {
			return uint32(len(key) + len(e.value) + EntryOverhead) //nolint:gosec // bounded by MaxKey and MaxValue
		}
	}
	cache, err := otter.New(opts)
	if err != nil {
		return nil, err
	}
	return &Memory{cfg: cfg, cache: cache}, nil
}

// Get implements Cache.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return nil, false, err
	}
	e, ok := m.cache.GetIfPresent(key)
	if !ok {
		return nil, false, nil
	}
	return cloned(e.value), true, nil
}

// GetMany implements Cache.
func (m *Memory) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	if err := errors.Join(ctx.Err(), checkKeys(keys)); err != nil {
		return values, err
	}
	for i, key := range keys {
		if e, ok := m.cache.GetIfPresent(key); ok {
			values[i] = cloned(e.value)
		}
	}
	return values, nil
}

// Set implements Cache.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := errors.Join(ctx.Err(), checkEntry(key, value, ttl, m.cfg.MaxValue)); err != nil {
		return err
	}
	m.cache.Set(key, entry{value: cloned(value), ttl: ttl})
	return nil
}

// Del implements Cache.
func (m *Memory) Del(ctx context.Context, keys ...string) error {
	if err := errors.Join(ctx.Err(), checkKeys(keys)); err != nil {
		return err
	}
	for _, key := range keys {
		m.cache.Invalidate(key)
	}
	return nil
}

// Clear forgets everything.
func (m *Memory) Clear() { m.cache.InvalidateAll() }

// Len is the number of entries, expired ones included until they are cleaned up.
func (m *Memory) Len() int { return m.cache.EstimatedSize() }

// Close ends the clean-up. The cache still works, but holds expired values
// until they are overwritten.
func (m *Memory) Close() { m.cache.StopAllGoroutines() }

// cloned copies a value; an empty one is empty and not nil, as Redis gives it.
func cloned(value []byte) []byte { return append(make([]byte, 0, len(value)), value...) }
