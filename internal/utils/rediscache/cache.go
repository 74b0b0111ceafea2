// Package rediscache keeps small values for a while, in a Redis that several
// replicas share or in this process.
//
// Redis is a convenience, never a condition: a process starts without it, calls
// fail fast while it is gone (ErrUnavailable), and it is used again when it is
// back. So callers treat every error of Get as a miss. Nothing here decides
// whether a value is current; that is the callers' business.
package rediscache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Cache is what Redis and Memory have in common. All methods may be called
// from any goroutine.
type Cache interface {
	// Get returns the value of a key and whether there is one. The value
	// belongs to the caller.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// GetMany returns the values of keys in their order, nil for those that are
	// not there; a value that is there and empty is not nil. There are as many
	// values as keys also beside an error, which is about those keys that could
	// not be read: whoever takes nil for a miss need not look at it.
	GetMany(ctx context.Context, keys []string) ([][]byte, error)
	// Set stores a copy of a value for ttl, in place of any other.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Del removes keys; those that are not there are no error.
	Del(ctx context.Context, keys ...string) error
}

// Limits and defaults.
const (
	// MaxKey bounds a key, without prefix, in bytes.
	MaxKey = 512
	// DefaultMaxValue bounds a value, in bytes, unless the Config says otherwise.
	DefaultMaxValue = 1 << 20
	// MinTTL is the shortest time a value can be kept, the resolution of Redis.
	MinTTL = time.Millisecond
)

// Errors of all caches. Compare them with errors.Is.
var (
	// ErrUnavailable: Redis cannot be reached, does not answer in time, or has
	// failed so often that it is not asked for a moment.
	ErrUnavailable = errors.New("the cache is unavailable")
	// ErrTooLarge: the key or the value is larger than its limit.
	ErrTooLarge = errors.New("too large for the cache")
	// ErrInvalid: an empty key, or a TTL below MinTTL.
	ErrInvalid = errors.New("not fit for the cache")
)

func checkKey(key string) error {
	if key == "" {
		return fmt.Errorf("a key that is empty: %w", ErrInvalid)
	}
	if len(key) > MaxKey {
		return fmt.Errorf("a key of %d bytes, at most %d: %w", len(key), MaxKey, ErrTooLarge)
	}
	return nil
}

func checkKeys(keys []string) error {
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	return nil
}

func checkEntry(key string, value []byte, ttl time.Duration, maxValue int) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) > maxValue {
		return fmt.Errorf("a value of %d bytes, at most %d: %w", len(value), maxValue, ErrTooLarge)
	}
	if ttl < MinTTL {
		return fmt.Errorf("a time to live of %s, at least %s: %w", ttl, MinTTL, ErrInvalid)
	}
	return nil
}

// Jitter shortens a time to live by a random part of at most spread (0 to 1),
// so that values stored together do not expire together. ttl stays the longest
// that any value lives.
func Jitter(ttl time.Duration, spread float64) time.Duration {
	spread = min(max(spread, 0), 1)
	return ttl - time.Duration(rand.Float64()*spread*float64(ttl)) //nolint:gosec // spreads load, keeps no secret
}
