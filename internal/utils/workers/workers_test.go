package workers_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/waystone-mmo/waystone/internal/utils/workers"
)

// TestNoWorkWaitsForOther starts more pieces of work than goroutines are kept,
// none of which ends before all have begun.
func TestNoWorkWaitsForOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		p := workers.New(2)
		defer p.Close()
		for range 3 { // kept ones have waited from the second round on
			var begun, done sync.WaitGroup
			begun.Add(10)
			for range 10 {
				done.Add(1)
				p.Go(func() {
					defer done.Done()
					begun.Done()
					begun.Wait()
				})
			}
			done.Wait()
			synctest.Wait()
		}
	})
}

// goroutines are those that a pool started. The runtime has others, which come
// when it needs them.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/waystone-mmo/waystone/internal/utils/workers.")
}

// TestGoroutinesAreKeptAndEnd counts them: the pool's own once all work is
// done, and none after Close.
func TestGoroutinesAreKeptAndEnd(t *testing.T) { //nolint:paralleltest // counts goroutines
	synctest.Test(t, func(t *testing.T) {
		p := workers.New(3)
		for range 5 {
			hold := make(chan struct{})
			for range 8 {
				p.Go(func() { <-hold })
			}
			close(hold)
			synctest.Wait()
			if n := goroutines(); n != 3 {
				t.Errorf("%d goroutines are kept, want 3", n)
			}
		}
		p.Close()
		p.Close()
		synctest.Wait()
		if n := goroutines(); n != 0 {
			t.Errorf("%d goroutines are left", n)
		}
		ran := false
		p.Go(func() { ran = true })
		synctest.Wait()
		if !ran {
			t.Error("work is not done after Close")
		}
	})
}
