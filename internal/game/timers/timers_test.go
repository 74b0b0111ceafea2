package timers_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/timers"
)

// TestOrder: whatever is set, set again and cleared, timers fire at their
// instants, and those of one instant in the order in which they were set.
func TestOrder(t *testing.T) {
	t.Parallel()
	type plan struct {
		due   timers.Instant
		order int
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same plan each time
	for range 200 {
		var q timers.Queue
		var fired []int
		list := make([]timers.Timer, 50)
		for i := range list {
			list[i].Fire = func(timers.Instant) { fired = append(fired, i) }
		}
		planned := map[int]plan{}
		for order := range 300 {
			i := random.IntN(len(list))
			switch random.IntN(4) {
			case 0:
				q.Clear(&list[i])
				delete(planned, i)
			case 1:
				q.Set(&list[i], timers.Never)
				delete(planned, i)
			default:
				due := timers.Instant(random.IntN(20))
				q.Set(&list[i], due)
				planned[i] = plan{due, order}
			}
		}
		var want []int
		for i := range planned {
			want = append(want, i)
		}
		slices.SortFunc(want, func(a, b int) int {
			if d := int(planned[a].due - planned[b].due); d != 0 {
				return d
			}
			return planned[a].order - planned[b].order
		})
		if q.Len() != len(want) {
			t.Fatalf("%d timers are set, want %d", q.Len(), len(want))
		}
		if len(want) > 0 && q.Next() != planned[want[0]].due {
			t.Fatalf("the next is due at %d, want %d", q.Next(), planned[want[0]].due)
		}
		q.Run(20)
		if !slices.Equal(fired, want) {
			t.Fatalf("fired %v, want %v", fired, want)
		}
		if q.Len() != 0 || q.Next() != timers.Never {
			t.Fatalf("after it %d timers are set, the next due at %d", q.Len(), q.Next())
		}
	}
}

// TestFireMaySet: a timer that is set while others fire runs in the same Run if
// it is due by then, and never before its instant.
func TestFireMaySet(t *testing.T) {
	t.Parallel()
	var q timers.Queue
	var at []timers.Instant
	var other timers.Timer
	other.Fire = func(due timers.Instant) { at = append(at, -due) }
	var again timers.Timer
	again.Fire = func(due timers.Instant) {
		at = append(at, due)
		q.Set(&again, due.Add(3))
		q.Set(&other, due.Add(1))
	}
	q.Set(&again, 1)
	q.Run(5)
	if want := []timers.Instant{1, -2, 4, -5}; !slices.Equal(at, want) {
		t.Errorf("fired %v, want %v", at, want)
	}
	if q.Len() != 1 || q.Next() != 7 {
		t.Errorf("%d set, next at %d; want 1 at 7", q.Len(), q.Next())
	}
}

func TestInstants(t *testing.T) {
	t.Parallel()
	if i := (timers.Never - 5).Add(time.Hour); i != timers.Never {
		t.Errorf("beyond the last instant: %d", i)
	}
	if d := timers.Instant(5).Add(-3).Sub(1); d != 1 {
		t.Errorf("5 - 3 - 1 is %d", d)
	}
}

// TestNothingIsAllocated once the queue has grown.
func TestNothingIsAllocated(t *testing.T) {
	var q timers.Queue
	list := make([]timers.Timer, 100)
	for i := range list {
		list[i].Fire = func(timers.Instant) {}
	}
	step := func() {
		for i := range list {
			q.Set(&list[i], timers.Instant(i*7%31))
		}
		q.Run(31)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSet(b *testing.B) {
	var q timers.Queue
	list := make([]timers.Timer, 10_000)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same plan each time
	for i := range list {
		q.Set(&list[i], timers.Instant(random.IntN(1e9)))
	}
	b.ReportAllocs()
	for b.Loop() {
		i := random.IntN(len(list))
		q.Set(&list[i], timers.Instant(random.IntN(1e9)))
	}
}
