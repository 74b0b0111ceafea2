package zone_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

func sortIDs(ids []zone.ID) { slices.Sort(ids) }

// nobody hears what is emitted.
type nobody struct{}

func (nobody) Emit([]zone.ID, zone.Event) {}

// crowd returns a zone as large as a built-in one with n walkers who go to and
// fro for ever, and a function that steps it by 100 ms.
func crowd(tb testing.TB, n int) func() {
	tb.Helper()
	d, err := data.Load()
	if err != nil {
		tb.Fatal(err)
	}
	info, _ := d.Zone(20)
	z, err := zone.New(zone.Config{Zone: info, Motion: d.Motion(), Capacity: n, Sink: nobody{}})
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same crowd each time
	anywhere := func() data.Point {
		return data.Point{
			X: info.Min.X + random.Float64()*(info.Max.X-info.Min.X),
			Y: info.Min.Y + random.Float64()*(info.Max.Y-info.Min.Y),
		}
	}
	now := time.Unix(0, 0)
	ids := make([]zone.ID, n)
	z.Do(now, func(tx *zone.Tx) {
		for i := range ids {
			if ids[i], err = tx.Enter(zone.Enter{Pos: anywhere(), Running: true}); err != nil {
				tb.Fatal(err)
			}
			tx.Move(ids[i], anywhere(), 0, 0)
		}
	})
	next := 0
	return func() {
		now = now.Add(100 * time.Millisecond)
		z.Tick(now)
		// Each sets out anew about every ten seconds.
		for range n / 100 {
			z.Do(now, func(tx *zone.Tx) { tx.Move(ids[next], anywhere(), 0, 0) })
			next = (next + 1) % n
		}
	}
}

func BenchmarkZoneTick(b *testing.B) {
	step := crowd(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// A step of a thousand walkers makes garbage only for the events that it
// emits, not for the walkers.
func TestStepsAllocateLittle(t *testing.T) {
	step := crowd(t, 1000)
	for range 200 {
		step()
	}
	n := testing.AllocsPerRun(50, step)
	t.Logf("%v allocations a step", n)
	if n > 500 {
		t.Errorf("%v allocations a step of 1000 walkers, want at most 500", n)
	}
}
