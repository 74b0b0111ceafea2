package zone_test

import (
	"math"
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// classic is a walker of the methods that BenchmarkZoneTick compares with.
type classic struct {
	id       zone.ID
	pos, to  data.Point
	velocity data.Point // centimetres in 100 ms
	left     float64    // steps of 100 ms
	sees     []*classic // by rising id
}

func (c *classic) walk(to data.Point, speed float64) {
	length := math.Hypot(to.X-c.pos.X, to.Y-c.pos.Y)
	c.to, c.left = to, length/speed*10
	if c.left > 0 {
		c.velocity = data.Point{X: (to.X - c.pos.X) / c.left, Y: (to.Y - c.pos.Y) / c.left}
	}
}

func (c *classic) step() {
	if c.left <= 1 {
		c.left, c.pos = 0, c.to
		return
	}
	c.left--
	c.pos.X += c.velocity.X
	c.pos.Y += c.velocity.Y
}

func (c *classic) see(o *classic) bool {
	i, found := slices.BinarySearchFunc(c.sees, o, func(a, b *classic) int { return int(a.id) - int(b.id) })
	if !found {
		c.sees = slices.Insert(c.sees, i, o)
	}
	return !found
}

func (c *classic) unsee(o *classic) {
	if i, found := slices.BinarySearchFunc(c.sees, o, func(a, b *classic) int { return int(a.id) - int(b.id) }); found {
		c.sees = slices.Delete(c.sees, i, i+1)
	}
}

// gain lets two see each other who did not.
func gain(sink zone.Sink, a, b *classic) {
	if a.see(b) {
		b.see(a)
		sink.Emit([]zone.ID{a.id}, &zone.Spawned{Entities: []zone.Entity{{ID: b.id, Pos: b.pos}}})
		sink.Emit([]zone.ID{b.id}, &zone.Spawned{Entities: []zone.Entity{{ID: a.id, Pos: a.pos}}})
	}
}

// lose ends the sight of those who are too far away.
func lose(sink zone.Sink, c *classic, far float64) {
	for i := 0; i < len(c.sees); {
		o := c.sees[i]
		if dx, dy := c.pos.X-o.pos.X, c.pos.Y-o.pos.Y; dx*dx+dy*dy <= far*far {
			i++
			continue
		}
		c.unsee(o)
		o.unsee(c)
		sink.Emit([]zone.ID{c.id, o.id}, &zone.Removed{IDs: []zone.ID{o.id}})
	}
}

func newClassic(w *walkers) []*classic {
	all := make([]*classic, len(w.homes))
	for i := range all {
		all[i] = &classic{id: zone.ID(i + 1), pos: w.target(i)} //nolint:gosec // far below the limit
		all[i].walk(w.target(i), w.motion.RunSpeed)
	}
	return all
}

// towers moves everybody and looks through the cells around each.
func towers(tb testing.TB, n int, edge float64, sink zone.Sink) func() {
	tb.Helper()
	w := newWalkers(tb, n, edge)
	all := newClassic(w)
	radius := w.info.Sight.Radius
	cols := int(edge/radius) + 1
	cells := make([][]*classic, cols*cols)
	column := func(v float64) int { return max(0, min(cols-1, int(v/radius))) }
	return func() {
		for i := range cells {
			cells[i] = cells[i][:0]
		}
		for _, c := range all {
			c.step()
			i := column(c.pos.Y-w.info.Min.Y)*cols + column(c.pos.X-w.info.Min.X)
			cells[i] = append(cells[i], c)
		}
		for _, c := range all {
			lose(sink, c, radius*zone.Hysteresis)
			x, y := column(c.pos.X-w.info.Min.X), column(c.pos.Y-w.info.Min.Y)
			for row := max(0, y-1); row <= min(cols-1, y+1); row++ {
				for col := max(0, x-1); col <= min(cols-1, x+1); col++ {
					for _, o := range cells[row*cols+col] {
						if dx, dy := c.pos.X-o.pos.X, c.pos.Y-o.pos.Y; o.id > c.id && dx*dx+dy*dy <= radius*radius {
							gain(sink, c, o)
						}
					}
				}
			}
		}
		w.each(func(i int, to data.Point) { all[i].walk(to, w.motion.RunSpeed) })
	}
}

// sweepList moves everybody, keeps all sorted by one coordinate, and looks from
// each at those that follow within the radius.
func sweepList(tb testing.TB, n int, edge float64, sink zone.Sink) func() {
	tb.Helper()
	w := newWalkers(tb, n, edge)
	all := newClassic(w)
	sorted := slices.Clone(all)
	radius := w.info.Sight.Radius
	return func() {
		for _, c := range all {
			c.step()
		}
		// Almost in order: few have passed each other.
		for i := 1; i < len(sorted); i++ {
			for j := i; j > 0 && sorted[j].pos.X < sorted[j-1].pos.X; j-- {
				sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
			}
		}
		for i, c := range sorted {
			lose(sink, c, radius*zone.Hysteresis)
			for _, o := range sorted[i+1:] {
				dx, dy := o.pos.X-c.pos.X, o.pos.Y-c.pos.Y
				if dx > radius {
					break
				}
				if dx*dx+dy*dy <= radius*radius {
					gain(sink, c, o)
				}
			}
		}
		w.each(func(i int, to data.Point) { all[i].walk(to, w.motion.RunSpeed) })
	}
}
