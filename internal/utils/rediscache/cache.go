// Package rediscache keeps small values for a while in a Redis that several
// replicas share.
//
// Redis is a convenience, never a condition: a process starts without it, calls
// fail fast while it is gone (ErrUnavailable), and it is used again when it is
// back. So callers treat every error of Get as a miss. Nothing here decides
// whether a value is current; that is the callers' business.
package rediscache

import (
	"errors"
	"fmt"
	"time"
)

// Limits and defaults.
const (
	// MaxKey bounds a key, without prefix, in bytes.
	MaxKey = 512
	// DefaultMaxValue bounds a value, in bytes, unless the Config says otherwise.
	DefaultMaxValue = 1 << 20
	// MinTTL is the shortest time a value can be kept, the resolution of Redis.
	MinTTL = time.Millisecond
)

// Errors of a cache. Compare them with errors.Is.
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
