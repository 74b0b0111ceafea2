package zone_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// nobody hears what is emitted.
type nobody struct{}

func (nobody) Emit([]zone.ID, zone.Event) {}

// crowd returns a zone with n walkers, spread evenly over an area of edge
// centimetres, and a function that steps it by 100 ms. Each walker goes to and
// fro around a place of its own for ever, so the density stays as it is.
func crowd(tb testing.TB, n int, edge float64) func() {
	tb.Helper()
	d, err := data.Load()
	if err != nil {
		tb.Fatal(err)
	}
	info, _ := d.Zone(20)
	info.Max = data.Point{X: info.Min.X + edge, Y: info.Min.Y + edge}
	z, err := zone.New(zone.Config{Zone: info, Motion: d.Motion(), Capacity: n, Sink: nobody{}})
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same crowd each time
	homes, ids := make([]data.Point, n), make([]zone.ID, n)
	const roam = 5000 // centimetres from home
	near := func(home data.Point) data.Point {
		around := func(v, low, high float64) float64 {
			return max(low, min(high, v+(2*random.Float64()-1)*roam))
		}
		return data.Point{X: around(home.X, info.Min.X, info.Max.X), Y: around(home.Y, info.Min.Y, info.Max.Y)}
	}
	now := time.Unix(0, 0)
	z.Do(now, func(tx *zone.Tx) {
		for i := range ids {
			homes[i] = data.Point{X: info.Min.X + random.Float64()*edge, Y: info.Min.Y + random.Float64()*edge}
			if ids[i], err = tx.Enter(zone.Enter{Pos: near(homes[i]), Running: true}); err != nil {
				tb.Fatal(err)
			}
			tx.Move(ids[i], near(homes[i]), 0, 0)
		}
	})
	next := 0
	return func() {
		now = now.Add(100 * time.Millisecond)
		z.Advance(now)
		// Each gets a new target about every ten seconds.
		for range n / 100 {
			z.Do(now, func(tx *zone.Tx) { tx.Move(ids[next], near(homes[next]), 0, 0) })
			next = (next + 1) % n
		}
	}
}

func BenchmarkZoneTick(b *testing.B) {
	step := crowd(b, 1000, 80_000)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// A step of a thousand walkers makes garbage only for the events that it
// emits, not for the walkers.
func TestStepsAllocateLittle(t *testing.T) {
	step := crowd(t, 1000, 80_000)
	for range 200 {
		step()
	}
	n := testing.AllocsPerRun(50, step)
	t.Logf("%v allocations a step", n)
	if n > 500 {
		t.Errorf("%v allocations a step of 1000 walkers, want at most 500", n)
	}
}
