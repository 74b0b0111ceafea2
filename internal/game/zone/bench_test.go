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

// walkers are n entities, spread evenly over an area of edge centimetres. Each
// goes to and fro around a place of its own for ever, so the density stays as
// it is, and gets a new target about every ten seconds.
type walkers struct {
	info   data.Zone
	motion data.Motion
	random *rand.Rand
	homes  []data.Point
	next   int
}

func newWalkers(tb testing.TB, n int, edge float64) *walkers {
	tb.Helper()
	d, err := data.Load()
	if err != nil {
		tb.Fatal(err)
	}
	info, _ := d.Zone(20)
	info.Max = data.Point{X: info.Min.X + edge, Y: info.Min.Y + edge}
	w := &walkers{info: info, motion: d.Motion(), random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same each time
	for range n {
		w.homes = append(w.homes, data.Point{X: info.Min.X + w.random.Float64()*edge, Y: info.Min.Y + w.random.Float64()*edge})
	}
	return w
}

// target returns a place near the home of walker i.
func (w *walkers) target(i int) data.Point {
	const roam = 5000 // centimetres from home
	around := func(v, low, high float64) float64 {
		return max(low, min(high, v+(2*w.random.Float64()-1)*roam))
	}
	home := w.homes[i]
	return data.Point{X: around(home.X, w.info.Min.X, w.info.Max.X), Y: around(home.Y, w.info.Min.Y, w.info.Max.Y)}
}

// each calls f for those who get a new target in the next 100 ms.
func (w *walkers) each(f func(i int, to data.Point)) {
	for range len(w.homes) / 100 {
		f(w.next, w.target(w.next))
		w.next = (w.next + 1) % len(w.homes)
	}
}

// crowd returns a zone with walkers, and a function that steps it by 100 ms.
func crowd(tb testing.TB, n int, edge float64, sink zone.Sink) func() {
	tb.Helper()
	w := newWalkers(tb, n, edge)
	z, err := zone.New(zone.Config{Zone: w.info, Motion: w.motion, Capacity: n, Sink: sink})
	if err != nil {
		tb.Fatal(err)
	}
	ids := make([]zone.ID, n)
	now := time.Unix(0, 0)
	z.Do(now, func(tx *zone.Tx) {
		for i := range ids {
			if ids[i], err = tx.Enter(zone.Enter{Pos: w.target(i), Running: true}); err != nil {
				tb.Fatal(err)
			}
			tx.Move(ids[i], w.target(i), 0, 0)
		}
	})
	return func() {
		now = now.Add(100 * time.Millisecond)
		z.Advance(now)
		w.each(func(i int, to data.Point) {
			z.Do(now, func(tx *zone.Tx) { tx.Move(ids[i], to, 0, 0) })
		})
	}
}

// BenchmarkZoneTick is the cost of 100 ms of a zone full of walkers, beside the
// two classic ways to find out who sees whom: the walkers are moved ten times a
// second, and the neighbours of each are looked up in a grid of towers, or in a
// list sorted by one coordinate.
func BenchmarkZoneTick(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
		edge float64
	}{
		{"1000 in 800 m", 1000, 80_000},
		{"3000 in 800 m", 3000, 80_000},
		{"10000 in 1600 m", 10_000, 160_000},
	} {
		for _, method := range []struct {
			name string
			make func(testing.TB, int, float64, zone.Sink) func()
		}{{"computed", crowd}, {"towers", towers}, {"sweep list", sweepList}} {
			b.Run(size.name+"/"+method.name, func(b *testing.B) {
				seen := &changes{}
				step := method.make(b, size.n, size.edge, seen)
				for range 100 { // until the walkers are as they stay
					step()
				}
				*seen = changes{}
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64(seen.spawned)/float64(b.N), "spawns/op")
			})
		}
	}
}

// changes counts what is told to clients.
type changes struct{ spawned, removed int }

func (c *changes) Emit(to []zone.ID, e zone.Event) {
	switch e := e.(type) {
	case *zone.Spawned:
		c.spawned += len(to) * len(e.Entities)
	case *zone.Removed:
		c.removed += len(to) * len(e.IDs)
	}
}

// TestStepsMakeNoGarbage: a step of a thousand walkers uses its memory again.
func TestStepsMakeNoGarbage(t *testing.T) {
	step := crowd(t, 1000, 80_000, nobody{})
	for range 300 {
		step()
	}
	// What an entity sees, and meets, still grows now and then.
	if n := testing.AllocsPerRun(100, step); n > 5 {
		t.Errorf("%v allocations in a step of 1000 walkers", n)
	}
}
