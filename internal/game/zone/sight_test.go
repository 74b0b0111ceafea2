package zone_test

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

type pair struct{ viewer, seen zone.ID }

// clients holds what each client believes to see, from events alone.
type clients map[pair]bool

func (c clients) apply(events []heard) error {
	for _, h := range events {
		for _, viewer := range h.To {
			switch e := h.Event.(type) {
			case *zone.Spawned:
				for _, o := range e.Entities {
					if p := (pair{viewer, o.ID}); c[p] || viewer == o.ID {
						return fmt.Errorf("%d is shown %d twice", viewer, o.ID)
					}
					c[pair{viewer, o.ID}] = true
				}
			case *zone.Removed:
				for _, id := range e.IDs {
					if !c[pair{viewer, id}] {
						return fmt.Errorf("%d loses %d, which it did not see", viewer, id)
					}
					delete(c, pair{viewer, id})
				}
			case *zone.Moved:
				if viewer != e.ID && !c[pair{viewer, e.ID}] {
					return fmt.Errorf("%d is told of the walk of %d, which it does not see", viewer, e.ID)
				}
			}
		}
	}
	return nil
}

// motion is where an entity is, as it told at an instant.
type motionAt struct {
	pos, target data.Point
	speed       float64
	rested      bool // stood already when time passed last
}

// after returns the motion after some seconds, or at the target if it gets there.
func (m motionAt) after(seconds float64) motionAt {
	length := distance(m.pos, m.target)
	part := 1.0
	if length > 0 {
		part = math.Min(1, seconds*m.speed/length)
	}
	m.pos = pt(m.pos.X+(m.target.X-m.pos.X)*part, m.pos.Y+(m.target.Y-m.pos.Y)*part)
	return m
}

// left returns the seconds until it stands.
func (m motionAt) left() float64 { return distance(m.pos, m.target) / m.speed }

func distance(a, b data.Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// nearest returns the smallest distance of two entities that go straight from
// their places to others in the same time.
func nearest(a, b, a2, b2 data.Point) float64 {
	x, y := b.X-a.X, b.Y-a.Y
	dx, dy := b2.X-a2.X-x, b2.Y-a2.Y-y
	part := 0.0
	if square := dx*dx + dy*dy; square > 0 {
		part = math.Max(0, math.Min(1, -(x*dx+y*dy)/square))
	}
	return math.Hypot(x+dx*part, y+dy*part)
}

// model is sight as the package promises it, worked out pair by pair. It knows
// no equation for the instants: as long as both walk straight, the distance of
// two falls first and rises then, so its least and its last value tell all.
type model struct {
	radius  float64
	motions map[zone.ID]motionAt
	sees    map[pair]bool
	unclear map[pair]bool // so near to a limit that rounding decides
	changed bool          // since compare
}

func newModel(radius float64) *model {
	return &model{radius: radius, motions: map[zone.ID]motionAt{}, sees: map[pair]bool{}, unclear: map[pair]bool{}}
}

// ids returns those who are there by rising id.
func (m *model) ids() []zone.ID { return slices.Sorted(maps.Keys(m.motions)) }

func (m *model) pass(seconds float64) {
	ids := m.ids()
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			// A walk that ended last time may have ended, in whole nanoseconds, a
			// moment later than here.
			if !m.motions[a].rested || !m.motions[b].rested {
				m.pair(a, b, seconds)
			}
		}
	}
	for id, motion := range m.motions {
		rested := motion.left() == 0
		motion = motion.after(seconds)
		motion.rested = rested
		m.motions[id] = motion
	}
}

// put notes a motion and judges its place.
func (m *model) put(id zone.ID, motion motionAt) {
	m.motions[id] = motion
	for _, o := range m.ids() {
		if o != id {
			m.pair(min(id, o), max(id, o), 0)
		}
	}
}

func (m *model) pair(a, b zone.ID, seconds float64) {
	x, y := m.motions[a], m.motions[b]
	for seconds >= 0 {
		leg := seconds
		for _, w := range []motionAt{x, y} {
			if left := w.left(); left > 0 {
				leg = math.Min(leg, left)
			}
		}
		x2, y2 := x.after(leg), y.after(leg)
		m.judge(pair{a, b}, nearest(x.pos, y.pos, x2.pos, y2.pos), distance(x2.pos, y2.pos))
		x, y = x2, y2
		if seconds -= leg; leg == 0 {
			return
		}
	}
}

// judge applies a leg with its least and its last distance.
func (m *model) judge(p pair, least, last float64) {
	const little = 1e-3
	far := m.radius * zone.Hysteresis
	sees := m.sees[p]
	if !sees && math.Abs(least-m.radius) < little || math.Abs(last-far) < little {
		m.unclear[p] = true
	}
	if least <= m.radius {
		sees = true
	}
	if last > far {
		sees = false
	}
	if sees != m.sees[p] {
		m.sees[p], m.changed = sees, true
	}
}

// compare checks what clients believe, and takes it over where it is unclear.
func (m *model) compare(believed clients) error {
	if !m.changed && len(m.unclear) == 0 {
		return nil
	}
	m.changed = false
	ids := m.ids()
	n := 0
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			p := pair{a, b}
			if m.unclear[p] {
				m.sees[p] = believed[p]
			}
			if believed[p] != m.sees[p] || believed[pair{b, a}] != m.sees[p] {
				return fmt.Errorf("%d sees %d: %v, the other way %v; want %v at a distance of %v",
					a, b, believed[p], believed[pair{b, a}], m.sees[p], distance(m.motions[a].pos, m.motions[b].pos))
			}
			if m.sees[p] {
				n += 2
			}
		}
	}
	clear(m.unclear)
	if len(believed) != n {
		return fmt.Errorf("clients believe to see %d, want %d", len(believed), n)
	}
	return nil
}

var (
	steps = flag.Int("steps", 1_000_000, "steps of TestSightFollowsFromMotion in all")
	seed  = flag.Uint64("seed", 0, "of TestSightFollowsFromMotion; 0 takes one by chance")
)

// TestSightFollowsFromMotion: whatever happens, and in whatever steps time
// passes, what clients believe to see is what the model says.
func TestSightFollowsFromMotion(t *testing.T) {
	t.Parallel()
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	const length = 5000
	for n := range uint64(max(1, *steps/length)) {
		if err := walkAbout(t, first+n, length); err != nil {
			t.Fatalf("with -seed=%d -steps=%d: %v", first+n, length, err)
		}
	}
}

// walkAbout does steps by chance and compares the zone with the model after each.
func walkAbout(t *testing.T, seed uint64, steps int) error {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same walks for a seed
	place := info()
	place.Sight.Cell = place.Sight.Radius * []float64{.25, .5, 1, 1, 2, 4}[random.IntN(6)]
	place.Max = pt(place.Sight.Radius*float64(2+random.IntN(4)), place.Sight.Radius*float64(2+random.IntN(4)))
	place.Start = pt(place.Max.X/2, place.Max.Y/2)
	const most = 12
	w := newWorldOf(t, place, most)
	m, believed := newModel(place.Sight.Radius), clients{}
	// Places on a raster make edges, corners and exact distances frequent.
	raster := []float64{1, 100, place.Sight.Radius}[random.IntN(3)]
	anywhere := func() data.Point {
		return pt(math.Min(place.Max.X, raster*math.Floor(random.Float64()*(place.Max.X/raster+1))),
			math.Min(place.Max.Y, raster*math.Floor(random.Float64()*(place.Max.Y/raster+1))))
	}
	for step := range steps {
		ids := m.ids()
		var events []heard
		passed := 0.0
		var who zone.ID
		if len(ids) > 0 {
			who = ids[random.IntN(len(ids))]
		}
		switch action := random.IntN(20); {
		case len(ids) < 2 || action == 0 && len(ids) < most:
			events = w.do(func(tx *zone.Tx) {
				who, _ = tx.Enter(zone.Enter{Pos: anywhere(), Running: random.IntN(2) == 0})
			})
		case action == 1:
			events = w.do(func(tx *zone.Tx) { tx.Leave(who) })
			delete(m.motions, who)
			maps.DeleteFunc(m.sees, func(p pair, _ bool) bool { return p.viewer == who || p.seen == who })
			maps.DeleteFunc(believed, func(p pair, _ bool) bool { return p.viewer == who }) // its client is gone with it
			who = 0
		case action < 8:
			events = w.do(func(tx *zone.Tx) { tx.Move(who, anywhere(), 0, 0) })
		case action == 8:
			at := w.get(who).Pos
			at.X += float64(random.IntN(1200) - 600)
			at.Y += float64(random.IntN(1200) - 600)
			events = w.do(func(tx *zone.Tx) { tx.Stop(who, at, 0) })
		case action == 9:
			events = w.do(func(tx *zone.Tx) { tx.ToggleRun(who) })
		case action == 10:
			events = w.do(func(tx *zone.Tx) { tx.ToggleSit(who) })
		default:
			d := time.Duration(1+random.IntN([]int{10, 500, 20_000}[random.IntN(3)])) * time.Millisecond
			if next, ok := w.Next(); ok && random.IntN(2) == 0 {
				d = max(0, next.Sub(w.now))
			}
			events, passed, who = w.pass(d), d.Seconds(), 0
		}
		if err := believed.apply(events); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		m.changed = m.changed || len(events) > 0
		if passed > 0 {
			m.pass(passed)
		}
		if who != 0 {
			e := w.get(who)
			m.put(who, motionAt{pos: e.Pos, target: e.Target, speed: e.Speed})
		}
		if err := m.compare(believed); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if next, ok := w.Next(); w.Walkers() > 0 && !ok || ok && !next.After(w.now) {
			return fmt.Errorf("step %d at %v: %d walk, and the next step is due at %v, %v", step, w.now, w.Walkers(), next, ok)
		}
	}
	return nil
}

// TestStepsDoNotMatter: the same commands at the same instants make the same
// events in the same order, however often the zone is stepped in between.
func TestStepsDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		fine, coarse := newWorld(t, 20), newWorld(t, 20)
		both := []*world{fine, coarse}
		var told [2][]string
		note := func(i int, events []heard) {
			for _, h := range events {
				text := fmt.Sprintf("%v %T", h.To, h.Event)
				switch e := h.Event.(type) {
				case *zone.Spawned: // places are those of the step
					for _, v := range e.Entities {
						text += fmt.Sprint(" ", v.ID, v.Target)
					}
				default:
					text += fmt.Sprintf(" %+v", e)
				}
				told[i] = append(told[i], text)
			}
		}
		coordinate := rapid.Map(rapid.IntRange(0, 40), func(n int) float64 { return float64(n) * 100 })
		for range 12 {
			at := pt(coordinate.Draw(rt, "x"), coordinate.Draw(rt, "y"))
			for i, w := range both {
				note(i, w.do(func(tx *zone.Tx) { _, _ = tx.Enter(zone.Enter{Pos: at, Running: true}) }))
			}
		}
		for range rapid.IntRange(1, 20).Draw(rt, "rounds") {
			id, at := zone.ID(rapid.IntRange(1, 12).Draw(rt, "who")), pt(coordinate.Draw(rt, "x"), coordinate.Draw(rt, "y"))
			for i, w := range both {
				note(i, w.do(func(tx *zone.Tx) { tx.Move(id, at, 0, 0) }))
			}
			span := time.Duration(rapid.IntRange(0, 8000).Draw(rt, "ms")) * time.Millisecond
			small := time.Duration(rapid.IntRange(50, 1000).Draw(rt, "step")) * time.Millisecond
			for passed := time.Duration(0); passed < span; passed += small {
				note(0, fine.pass(min(small, span-passed)))
			}
			note(1, coarse.pass(span))
		}
		if !slices.Equal(told[0], told[1]) {
			rt.Fatalf("by small steps\n%s\nby large ones\n%s", strings.Join(told[0], "\n"), strings.Join(told[1], "\n"))
		}
	})
}
