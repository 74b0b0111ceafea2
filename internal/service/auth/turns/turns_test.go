package turns_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/waystone-mmo/waystone/internal/service/auth/turns"
)

func TestOneOfAKeyAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns.Turns
		var order []int
		release, done := make(chan struct{}), make(chan error, 8)
		for i := range 4 {
			go func() {
				done <- all.Do(t.Context(), "a", "l", func() error {
					order = append(order, i)
					<-release
					return nil
				})
			}()
			synctest.Wait()
		}
		if len(order) != 1 || all.Keys() != 1 {
			t.Errorf("%v have begun, %d keys are remembered", order, all.Keys())
		}
		other := false
		if err := all.Do(t.Context(), "b", "l", func() error { other = true; return nil }); err != nil || !other {
			t.Errorf("another key is held up: %v", err)
		}
		close(release)
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(order, []int{0, 1, 2, 3}) {
			t.Errorf("they went in the order %v", order)
		}
		synctest.Wait()
		if all.Keys() != 0 {
			t.Errorf("%d keys are remembered though nobody waits", all.Keys())
		}
	})
}

func TestWhoGoesAwayIsPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns.Turns
		release, first, second := make(chan struct{}), make(chan error, 1), make(chan error, 1)
		go func() {
			first <- all.Do(t.Context(), "a", "l", func() error { <-release; return errors.ErrUnsupported })
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		never := func() error { t.Error("went after its caller had gone"); return nil }
		go func() { second <- all.Do(ctx, "a", "l", never) }()
		synctest.Wait()
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("who went away gets %v", err)
		}
		close(release)
		if err := <-first; !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("the first gets %v", err)
		}
		if err := all.Do(ctx, "a", "l", never); !errors.Is(err, context.Canceled) {
			t.Errorf("who comes when gone gets %v", err)
		}
		went := false
		if err := all.Do(t.Context(), "a", "l", func() error { went = true; return nil }); err != nil || !went || all.Keys() != 0 {
			t.Errorf("afterwards: %v, went %v, %d keys are remembered", err, went, all.Keys())
		}
	})
}

func TestAKeyIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := turns.Turns{Most: 1}
		release, done := make(chan struct{}), make(chan error, 2)
		for range 2 {
			go func() { done <- all.Do(t.Context(), "a", "l", func() error { <-release; return nil }) }()
			synctest.Wait()
		}
		if err := all.Do(t.Context(), "a", "l", func() error { t.Error("went"); return nil }); !errors.Is(err, turns.ErrFull) {
			t.Errorf("the third gets %v", err)
		}
		if err := all.Do(t.Context(), "b", "l", func() error { return nil }); err != nil {
			t.Errorf("another key: %v", err)
		}
		close(release)
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := all.Do(t.Context(), "a", "l", func() error { return nil }); err != nil || all.Keys() != 0 {
			t.Errorf("afterwards: %v, %d keys are remembered", err, all.Keys())
		}
	})
}

// Callers of several keys come, wait and give up all at once.
func TestTurnsUnderEverythingAtOnce(t *testing.T) {
	t.Parallel()
	var all turns.Turns
	var at [5]atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%3 == 0 {
					go cancel()
				}
				k := (i + j) % len(at)
				_ = all.Do(ctx, strconv.Itoa(k), "l", func() error {
					if n := at[k].Add(1); n != 1 {
						t.Errorf("%d at once", n)
					}
					runtime.Gosched()
					at[k].Add(-1)
					return nil
				})
				cancel()
			}
		})
	}
	wg.Wait()
	if all.Keys() != 0 {
		t.Errorf("%d keys are remembered", all.Keys())
	}
}

// Whoever fills a key's line neither keeps others of the key waiting, nor out.
func TestLinesOfAKeyTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := turns.Turns{Most: 3}
		var order []string
		release, full, done := make(chan struct{}), make(chan error, 9), make(chan error, 9)
		come := func(line string, ends chan error) {
			go func() {
				ends <- all.Do(t.Context(), "a", line, func() error {
					<-release
					order = append(order, line)
					return nil
				})
			}()
			synctest.Wait()
		}
		for range 3 { // one goes, two wait
			come("flood", done)
		}
		come("flood", done) // the last that finds a place
		come("owner", done) // takes the place of that one
		come("flood", full) // finds none
		close(release)
		var refused int
		for range 5 {
			if err := <-done; errors.Is(err, turns.ErrFull) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if err := <-full; !errors.Is(err, turns.ErrFull) || refused != 1 {
			t.Errorf("%d lost their place, and one more got %v", refused, err)
		}
		if !slices.Equal(order, []string{"flood", "owner", "flood", "flood"}) {
			t.Errorf("they went in the order %v", order)
		}
	})
}
