package rediscache_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	const (
		openFor = 8 * time.Second
		closed  = rediscache.StateClosed
		open    = rediscache.StateOpen
		half    = rediscache.StateHalfOpen
	)
	// A step is an outcome of one call, "refused", or "wait" for the longest
	// that the breaker may stay open.
	for _, c := range []struct {
		name  string
		steps []string
		want  []rediscache.State // every change
	}{
		{"fewer failures than it takes", []string{"failed", "failed"}, nil},
		{"a success begins the count anew", []string{"failed", "failed", "worked", "failed", "failed"}, nil},
		{"callers who give up do not count", []string{"failed", "gave up", "failed", "gave up", "gave up"}, nil},
		{"opens", []string{"failed", "failed", "failed", "refused", "refused"}, []rediscache.State{open}},
		{"heals", []string{"failed", "failed", "failed", "wait", "worked", "failed", "failed"},
			[]rediscache.State{open, half, closed}},
		{"trial fails", []string{"failed", "failed", "failed", "wait", "failed", "refused", "wait", "worked"},
			[]rediscache.State{open, half, open, half, closed}},
		{"trial is given up", []string{"failed", "failed", "failed", "wait", "gave up", "worked"},
			[]rediscache.State{open, half, open, half, closed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var changes []rediscache.State
				b := rediscache.NewBreaker(3, openFor, func(s rediscache.State) { changes = append(changes, s) })
				for i, step := range c.steps {
					if step == "wait" {
						time.Sleep(openFor * 5 / 4)
						continue
					}
					done, ok := b.Acquire()
					if ok == (step == "refused") {
						t.Fatalf("step %d, %s: let through %v", i, step, ok)
					}
					if ok {
						done(step)
					}
				}
				if diff := cmp.Diff(c.want, changes); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestBreakerLetsOneTrialThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := rediscache.NewBreaker(1, time.Second, func(rediscache.State) {})
		early, _ := b.Acquire()
		fails, _ := b.Acquire()
		fails("failed")
		time.Sleep(740 * time.Millisecond)
		if _, ok := b.Acquire(); ok {
			t.Error("a call passed before three quarters of the time")
		}
		time.Sleep(time.Second)
		trial, ok := b.Acquire()
		if !ok {
			t.Fatal("no trial")
		}
		if _, ok := b.Acquire(); ok {
			t.Error("a second call passed beside the trial")
		}
		early("worked")
		if s := b.State(); s != rediscache.StateHalfOpen {
			t.Errorf("a call from before made it %s", s)
		}
		trial("worked")
		if s := b.State(); s != rediscache.StateClosed {
			t.Errorf("after the trial it is %s", s)
		}
	})
}
