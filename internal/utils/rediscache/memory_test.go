package rediscache_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

func newMemory(t *testing.T, cfg rediscache.MemoryConfig) *rediscache.Memory {
	t.Helper()
	m, err := rediscache.NewMemory(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestMemorySuite(t *testing.T) {
	t.Parallel()
	t.Run("by bytes", func(t *testing.T) {
		t.Parallel()
		runSuite(t, newMemory(t, rediscache.MemoryConfig{MaxBytes: 1 << 20, MaxValue: 1000}), 1000)
	})
	t.Run("by entries", func(t *testing.T) {
		t.Parallel()
		runSuite(t, newMemory(t, rediscache.MemoryConfig{MaxEntries: 1000}), rediscache.DefaultMaxValue)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const each = 1000
	for name, c := range map[string]struct {
		cfg  rediscache.MemoryConfig
		most int
	}{
		"bytes":   {rediscache.MemoryConfig{MaxBytes: 100 * (each + rediscache.EntryOverhead)}, 100},
		"entries": {rediscache.MemoryConfig{MaxEntries: 100}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory(t, c.cfg)
			for i := range 5000 {
				if err := m.Set(t.Context(), fmt.Sprintf("%010d", i), make([]byte, each), time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the surplus goes", func() error {
				if n := m.Len(); n == 0 || n > c.most {
					return fmt.Errorf("it holds %d entries, want at most %d", n, c.most)
				}
				return nil
			})
			m.Clear()
			if n := m.Len(); n != 0 {
				t.Errorf("cleared, it holds %d", n)
			}
		})
	}
}

func TestMemoryTimeToLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, err := rediscache.NewMemory(rediscache.MemoryConfig{MaxEntries: 10})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := m.Set(t.Context(), "k", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			wait time.Duration
			want bool
		}{{0, true}, {59 * time.Second, true}, {2 * time.Second, false}} {
			time.Sleep(c.wait)
			if _, ok, err := m.Get(t.Context(), "k"); ok != c.want || err != nil {
				t.Errorf("%s later: %v, %v", c.wait, ok, err)
			}
		}
	})
}

func TestMemoryNeedsOneBound(t *testing.T) {
	t.Parallel()
	for _, cfg := range []rediscache.MemoryConfig{{}, {MaxBytes: 1, MaxEntries: 1}} {
		if _, err := rediscache.NewMemory(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestJitter(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 1000 {
		got := rediscache.Jitter(time.Minute, 0.1)
		if got > time.Minute || got < 54*time.Second {
			t.Fatalf("got %s", got)
		}
		seen[got] = true
	}
	if len(seen) < 900 {
		t.Errorf("only %d different values of 1000", len(seen))
	}
	if got := rediscache.Jitter(time.Minute, 0); got != time.Minute {
		t.Errorf("without spread: %s", got)
	}
	if got := rediscache.Jitter(time.Minute, 7); got < 0 || got > time.Minute {
		t.Errorf("spread beyond 1: %s", got)
	}
}
