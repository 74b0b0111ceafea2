package rediscache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// runSuite is the contract of Redis, however it is run. maxValue is the limit
// that the cache under test was given.
func runSuite(t *testing.T, c *rediscache.Redis, maxValue int) {
	ctx := t.Context()
	key := func(t *testing.T) string { return t.Name() }
	wantGet := func(t *testing.T, key string, want []byte, wantOK bool) {
		t.Helper()
		got, ok, err := c.Get(ctx, key)
		if err != nil || ok != wantOK || !bytes.Equal(got, want) {
			t.Errorf("get: %q, %v, %v; want %q, %v", got, ok, err, want, wantOK)
		}
	}
	set := func(t *testing.T, key string, value []byte, ttl time.Duration) {
		t.Helper()
		if err := c.Set(ctx, key, value, ttl); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("miss", func(t *testing.T) { wantGet(t, key(t), nil, false) })

	t.Run("set, replace and delete", func(t *testing.T) {
		set(t, key(t), []byte("one"), time.Minute)
		wantGet(t, key(t), []byte("one"), true)
		set(t, key(t), []byte("two"), time.Minute)
		wantGet(t, key(t), []byte("two"), true)
		if err := c.Del(ctx, key(t)); err != nil {
			t.Error(err)
		}
		wantGet(t, key(t), nil, false)
	})

	t.Run("any bytes", func(t *testing.T) {
		for i, value := range [][]byte{{0}, []byte("\r\n$5\r\n\xff\x00é"), bytes.Repeat([]byte{7}, maxValue)} {
			k := fmt.Sprint(key(t), i)
			set(t, k, value, time.Minute)
			wantGet(t, k, value, true)
		}
		set(t, key(t), nil, time.Minute)
		wantGet(t, key(t), nil, false) // an empty value is as none
	})

	t.Run("delete several, some missing, or none", func(t *testing.T) {
		var keys []string
		for i := range 20 {
			keys = append(keys, fmt.Sprint(key(t), i))
			if i%2 == 0 {
				set(t, keys[i], []byte("v"), time.Minute)
			}
		}
		if err := errors.Join(c.Del(ctx, keys...), c.Del(ctx)); err != nil {
			t.Error(err)
		}
		for _, k := range keys {
			wantGet(t, k, nil, false)
		}
	})

	t.Run("many at once, some missing, or none", func(t *testing.T) {
		var keys []string
		var want [][]byte
		for i := range 20 {
			keys = append(keys, fmt.Sprint(key(t), i))
			want = append(want, nil)
			if i%2 == 0 {
				want[i] = bytes.Repeat([]byte{'v'}, i+1)
				set(t, keys[i], want[i], time.Minute)
			}
		}
		keys, want = append(keys, keys[2], keys[3]), append(want, want[2], want[3])
		got, err := c.GetMany(ctx, keys)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if got, err := c.GetMany(ctx, nil); err != nil || len(got) != 0 {
			t.Errorf("no keys: %v, %v", got, err)
		}
		got[4][0] = 'X'
		wantGet(t, keys[4], want[4], true)
	})

	t.Run("values are not shared", func(t *testing.T) {
		value := []byte("value")
		set(t, key(t), value, time.Minute)
		value[0] = 'X'
		got, _, err := c.Get(ctx, key(t))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != "value" {
			t.Errorf("the caller's change reached the cache: %q", got)
		}
		got[0] = 'Y'
		wantGet(t, key(t), []byte("value"), true)
	})

	t.Run("expires, and a new value has its own time", func(t *testing.T) {
		set(t, key(t)+"kept", []byte("v"), rediscache.MinTTL)
		set(t, key(t)+"kept", []byte("v"), time.Minute)
		set(t, key(t), []byte("v"), rediscache.MinTTL)
		eventually(t, "the value expires", func() error {
			_, ok, err := c.Get(ctx, key(t))
			if ok {
				return errors.New("it is still there")
			}
			return err
		})
		wantGet(t, key(t)+"kept", []byte("v"), true)
	})

	t.Run("limits", func(t *testing.T) {
		long := strings.Repeat("k", rediscache.MaxKey)
		set(t, long, []byte("v"), time.Minute)
		wantGet(t, long, []byte("v"), true)
		_, _, getLong := c.Get(ctx, long+"k")
		_, _, getEmpty := c.Get(ctx, "")
		some, manyLong := c.GetMany(ctx, []string{"a", long + "k"})
		if len(some) != 2 {
			t.Errorf("%d values of 2 keys", len(some))
		}
		_, manyEmpty := c.GetMany(ctx, []string{""})
		for name, got := range map[string]struct{ err, want error }{
			"set long key":    {c.Set(ctx, long+"k", nil, time.Minute), rediscache.ErrTooLarge},
			"get long key":    {getLong, rediscache.ErrTooLarge},
			"delete long key": {c.Del(ctx, "a", long+"k"), rediscache.ErrTooLarge},
			"set empty key":   {c.Set(ctx, "", nil, time.Minute), rediscache.ErrInvalid},
			"get empty key":   {getEmpty, rediscache.ErrInvalid},
			"get many long":   {manyLong, rediscache.ErrTooLarge},
			"get many empty":  {manyEmpty, rediscache.ErrInvalid},
			"delete empty":    {c.Del(ctx, ""), rediscache.ErrInvalid},
			"large value":     {c.Set(ctx, "k", make([]byte, maxValue+1), time.Minute), rediscache.ErrTooLarge},
			"no time to live": {c.Set(ctx, "k", nil, 0), rediscache.ErrInvalid},
			"too short":       {c.Set(ctx, "k", nil, rediscache.MinTTL-1), rediscache.ErrInvalid},
		} {
			if !errors.Is(got.err, got.want) {
				t.Errorf("%s: %v, want %v", name, got.err, got.want)
			}
		}
	})

	t.Run("a cancelled caller", func(t *testing.T) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, _, err := c.Get(gone, key(t))
		_, errMany := c.GetMany(gone, []string{key(t)})
		for _, err := range []error{err, errMany, c.Set(gone, key(t), nil, time.Minute), c.Del(gone, key(t))} {
			if !errors.Is(err, context.Canceled) || errors.Is(err, rediscache.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
	})

	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				k, value := fmt.Sprint(t.Name(), i%4), []byte(strconv.Itoa(i%4))
				for range 50 {
					if err := c.Set(ctx, k, value, time.Minute); err != nil {
						t.Error(err)
					}
					if got, ok, err := c.Get(ctx, k); err != nil || ok && !bytes.Equal(got, value) {
						t.Errorf("%q, %v", got, err)
					}
					if i >= 12 {
						if err := c.Del(ctx, k); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
	})
}
