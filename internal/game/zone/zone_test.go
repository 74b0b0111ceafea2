package zone_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// heard is an event with its receivers.
type heard struct {
	To    []zone.ID
	Event zone.Event
}

// recorder keeps copies of everything that a zone emits.
type recorder struct{ events []heard }

func (r *recorder) Emit(to []zone.ID, e zone.Event) {
	switch v := e.(type) {
	case *zone.Spawned:
		e = &zone.Spawned{Entities: slices.Clone(v.Entities)}
	case *zone.Removed:
		e = &zone.Removed{IDs: slices.Clone(v.IDs)}
	case *zone.Moved:
		e = clone(v)
	case *zone.Stopped:
		e = clone(v)
	case *zone.Toggled:
		e = clone(v)
	case *zone.Adjusted:
		e = clone(v)
	case *zone.Said:
		e = clone(v)
	case *zone.Emoted:
		e = clone(v)
	}
	r.events = append(r.events, heard{To: slices.Clone(to), Event: e})
}

func clone[T any](v *T) *T { return new(*v) }

func (r *recorder) take() []heard {
	events := r.events
	r.events = nil
	return events
}

func info() data.Zone {
	return data.Zone{
		ID: 7, Name: "Test", Max: data.Point{X: 20000, Y: 20000},
		Start: data.Point{X: 10000, Y: 10000}, Sight: data.Sight{Cell: 1000, Radius: 1000},
	}
}

func motion() data.Motion {
	return data.Motion{WalkSpeed: 200, RunSpeed: 400, Tolerance: 500, MaxWalk: 15000}
}

// world is a zone stepped by hand.
type world struct {
	*zone.Zone
	*recorder
	t   testing.TB
	now time.Time
}

func newWorld(t testing.TB, capacity int) *world {
	t.Helper()
	return newWorldOf(t, info(), capacity)
}

func newWorldOf(t testing.TB, place data.Zone, capacity int) *world {
	t.Helper()
	r := &recorder{}
	z, err := zone.New(zone.Config{Zone: place, Motion: motion(), Capacity: capacity, Sink: r})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Zone: z, recorder: r, t: t, now: time.Unix(1000, 0)}
}

func (w *world) do(f func(*zone.Tx)) []heard {
	w.t.Helper()
	w.Do(w.now, f)
	return w.take()
}

func (w *world) pass(d time.Duration) []heard {
	w.now = w.now.Add(d)
	w.Advance(w.now)
	return w.take()
}

func (w *world) enter(x, y float64) zone.ID {
	w.t.Helper()
	var id zone.ID
	var err error
	w.do(func(tx *zone.Tx) { id, err = tx.Enter(zone.Enter{Pos: data.Point{X: x, Y: y}, Running: true}) })
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) get(id zone.ID) zone.Entity {
	w.t.Helper()
	var e zone.Entity
	var ok bool
	w.Do(w.now, func(tx *zone.Tx) { e, ok = tx.Get(id) })
	if !ok {
		w.t.Fatalf("entity %d is not there", id)
	}
	return e
}

func want(t *testing.T, got []heard, wanted ...heard) {
	t.Helper()
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func to(ids ...zone.ID) []zone.ID { return ids }

func pt(x, y float64) data.Point { return data.Point{X: x, Y: y} }

func TestSightHasHysteresis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a := w.enter(5000, 5000)
	b := w.enter(6100, 5000) // 1100 apart: beyond the radius
	if got := w.do(func(tx *zone.Tx) { tx.Move(b, pt(5000, 5000), 3, 0) }); len(got) != 1 {
		t.Errorf("a walk out of sight of everybody: %v", got)
	}
	got := w.pass(250 * time.Millisecond) // 1000 apart: the radius itself
	if len(got) != 2 {
		t.Fatalf("coming into sight: %v", got)
	}
	view := zone.Entity{
		ID: b, Pos: pt(6000, 5000), Z: 3, Target: pt(5000, 5000), Walking: true,
		Running: true, RunSpeed: 400, Speed: 400,
	}
	other := zone.Entity{ID: a, Pos: pt(5000, 5000), Target: pt(5000, 5000), Running: true, RunSpeed: 400, Speed: 400}
	want(t, got,
		heard{to(a), &zone.Spawned{Entities: []zone.Entity{view}}},
		heard{to(b), &zone.Spawned{Entities: []zone.Entity{other}}})

	w.do(func(tx *zone.Tx) { tx.Move(b, pt(7000, 5000), 3, 0) })
	want(t, w.pass(500*time.Millisecond)) // 1200 apart: still seen
	want(t, w.pass(10*time.Millisecond),
		heard{to(a), &zone.Removed{IDs: to(b)}},
		heard{to(b), &zone.Removed{IDs: to(a)}})
	w.do(func(tx *zone.Tx) { tx.Move(b, pt(5000, 5000), 3, 0) })
	want(t, w.pass(100*time.Millisecond)) // within 1200, beyond 1000: not seen again
}

func TestPositionIsAFunctionOfTime(t *testing.T) {
	t.Parallel()
	fine, coarse := newWorld(t, 10), newWorld(t, 10)
	for _, w := range []*world{fine, coarse} {
		id := w.enter(1000, 1000)
		w.do(func(tx *zone.Tx) { tx.Move(id, pt(4000, 5000), 0, 0) })
	}
	for range 50 {
		fine.pass(100 * time.Millisecond)
	}
	coarse.pass(5 * time.Second)
	if f, c := fine.get(1).Pos, coarse.get(1).Pos; f != c || math.Abs(f.X-2200) > 1e-6 || math.Abs(f.Y-2600) > 1e-6 {
		t.Errorf("after 5 s: %v by small steps, %v by one; want (2200, 2600)", f, c)
	}
	want(t, coarse.pass(time.Minute))
	if e := coarse.get(1); e.Pos != pt(4000, 5000) || e.Walking || coarse.Walkers() != 0 {
		t.Errorf("after the walk: %+v", e)
	}
}

// TestNextIsTheNextChange: a host that steps the zone when Next says so misses
// nothing, and has nothing to do once everybody stands.
func TestNextIsTheNextChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	if at, ok := w.Next(); ok {
		t.Errorf("nobody is there, and something is due at %v", at)
	}
	a, b := w.enter(5000, 5000), w.enter(6500, 5000)
	w.do(func(tx *zone.Tx) { tx.Move(b, pt(4000, 5000), 0, 0) })
	began := w.now
	var told []string
	for at, ok := w.Next(); ok; at, ok = w.Next() {
		for _, h := range w.pass(at.Sub(w.now)) {
			told = append(told, fmt.Sprintf("%v %v %T", w.now.Sub(began), h.To, h.Event))
		}
	}
	want := []string{fmt.Sprintf("1.25s [%d] *zone.Spawned", a), fmt.Sprintf("1.25s [%d] *zone.Spawned", b)}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if w.Walkers() != 0 || w.now.Sub(began) != 6250*time.Millisecond {
		t.Errorf("%d walk after %v, want 0 after 6.25 s", w.Walkers(), w.now.Sub(began))
	}
}

func TestClockNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	id := w.enter(1000, 1000)
	w.do(func(tx *zone.Tx) { tx.Move(id, pt(5000, 1000), 0, 0) })
	w.pass(2 * time.Second)
	w.pass(-time.Hour)
	if p := w.get(id).Pos; p != pt(1800, 1000) {
		t.Errorf("at %v", p)
	}
}

func TestToggles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a, b := w.enter(1000, 1000), w.enter(1500, 1000)
	both := to(b, a)
	want(t, w.do(func(tx *zone.Tx) { tx.Move(a, pt(3000, 1000), 9, b) }),
		heard{both, &zone.Moved{ID: a, Aim: b, Distance: 2000, Target: pt(3000, 1000), Z: 9, Running: true}})
	w.pass(time.Second) // at 1400
	want(t, w.do(func(tx *zone.Tx) { tx.ToggleRun(a) }), heard{both, &zone.Toggled{ID: a, RunSpeed: 400, Speed: 200}})
	w.pass(time.Second) // at 1600
	if e := w.get(a); e.Pos != pt(1600, 1000) || e.Speed != 200 || !e.Walking {
		t.Errorf("walking on: %+v", e)
	}
	want(t, w.do(func(tx *zone.Tx) { tx.ToggleSit(a) }),
		heard{both, &zone.Stopped{ID: a, Pos: pt(1600, 1000), Z: 9}},
		heard{both, &zone.Toggled{ID: a, Sitting: true, RunSpeed: 400, Speed: 200}})
	want(t, w.do(func(tx *zone.Tx) { tx.Move(a, pt(3000, 1000), 9, 0) }),
		heard{to(a), &zone.Adjusted{ID: a, Pos: pt(1600, 1000), Z: 9}})
	want(t, w.do(func(tx *zone.Tx) { tx.ToggleSit(a) }), heard{both, &zone.Toggled{ID: a, RunSpeed: 400, Speed: 200}})
	if got := w.do(func(tx *zone.Tx) { tx.Move(a, pt(3000, 1000), 9, 0) }); len(got) != 1 || len(got[0].To) != 2 {
		t.Errorf("a walk after standing up: %v", got)
	}
}

func TestRefusedWalks(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for name, target := range map[string]data.Point{
		"not a number": pt(nan, 5000), "infinite": pt(5000, inf), "minus infinite": pt(-inf, 5000),
		"west of the zone": pt(-1, 5000), "north of the zone": pt(5000, 20001), "too far": pt(20000, 20000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 10)
			a, b := w.enter(5000, 5000), w.enter(5500, 5000)
			w.do(func(tx *zone.Tx) { tx.Move(a, pt(6000, 5000), 1, 0) })
			w.pass(time.Second)
			want(t, w.do(func(tx *zone.Tx) { tx.Move(a, target, 2, 0) }),
				heard{to(b), &zone.Stopped{ID: a, Pos: pt(5400, 5000), Z: 1}},
				heard{to(a), &zone.Adjusted{ID: a, Pos: pt(5400, 5000), Z: 1}})
			if w.get(a).Walking {
				t.Error("walks on")
			}
		})
	}
}

func TestStopsAreBelievedWithinTheAllowance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		at   data.Point
		ok   bool
	}{
		{"where we think", pt(5800, 5000), true},
		{"a little behind", pt(5500, 5000), true},
		{"a second behind", pt(5400, 5000), true},
		{"too far behind and beside", pt(5000, 5400), false},
		{"a second behind and beside", pt(5400, 5500), true},
		{"more than a second behind and beside", pt(5320, 5497), false}, // 503.4 from the last second
		{"ahead within the allowance", pt(6300, 5000), true},
		{"ahead beyond the allowance", pt(6301, 5000), false},
		{"beside the path", pt(5600, 5500), true},
		{"far beside the path", pt(5600, 5501), false},
		{"outside of the zone", pt(-1, 5000), false},
		{"not a number", pt(math.NaN(), 5000), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, report := range []func(*zone.Tx, zone.ID, data.Point, int32){(*zone.Tx).Stop, (*zone.Tx).Collide} {
				// Whichever way the path goes.
				for _, turn := range []func(data.Point) data.Point{
					func(p data.Point) data.Point { return p },
					func(p data.Point) data.Point { return pt(p.Y, p.X) },
				} {
					w := newWorld(t, 10)
					a, at := w.enter(5000, 5000), turn(c.at)
					w.do(func(tx *zone.Tx) { tx.Move(a, turn(pt(9000, 5000)), 1, 0) })
					w.pass(2 * time.Second)
					got := w.do(func(tx *zone.Tx) { report(tx, a, at, 4) })
					if c.ok {
						want(t, got, heard{to(a), &zone.Stopped{ID: a, Pos: at, Z: 4}})
					} else {
						want(t, got, heard{to(a), &zone.Adjusted{ID: a, Pos: turn(pt(5800, 5000)), Z: 1}})
					}
					if w.get(a).Walking {
						t.Error("walks on")
					}
				}
			}
		})
	}
}

// A cheat that stops again and again a bit ahead of itself gains no more than
// the allowance and a tenth of its speed.
func TestStopsDoNotMakeFaster(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a := w.enter(1000, 1000)
	const seconds = 20
	for range seconds * 5 {
		w.do(func(tx *zone.Tx) { tx.Move(a, pt(16000, 1000), 0, 0) })
		w.pass(200 * time.Millisecond)
		ahead := w.get(a).Pos
		ahead.X += 40
		w.do(func(tx *zone.Tx) { tx.Stop(a, ahead, 0) })
	}
	limit := 1000 + 400.0*seconds*1.1 + 500 + 1
	if p := w.get(a).Pos; p.X > limit || p.X < 1000+400*seconds {
		t.Errorf("at %v after %d s, want at most %v", p, seconds, limit)
	}
}

func TestNumbersAreGivenAgainLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	first := w.enter(5000, 5000)
	w.do(func(tx *zone.Tx) { tx.Leave(first) })
	seen := map[zone.ID]bool{first: true}
	for range math.MaxUint16 - 1 {
		id := w.enter(5000, 5000)
		if id == 0 || seen[id] {
			t.Fatalf("number %d came again after %d", id, len(seen))
		}
		seen[id] = true
		w.do(func(tx *zone.Tx) { tx.Leave(id) })
	}
	if id := w.enter(5000, 5000); id != first {
		t.Errorf("after all numbers came %d, want %d", id, first)
	}
}

func TestEnter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	var err error
	w.do(func(tx *zone.Tx) { _, err = tx.Enter(zone.Enter{ID: 9, Pos: pt(-5, 5)}) })
	if err != nil || w.get(9).Pos != info().Start {
		t.Errorf("from outside: %v, %+v", err, w.get(9))
	}
	w.do(func(tx *zone.Tx) { _, err = tx.Enter(zone.Enter{ID: 9}) })
	if !errors.Is(err, zone.ErrTaken) {
		t.Errorf("taken number: %v", err)
	}
	got := w.do(func(tx *zone.Tx) { _, err = tx.Enter(zone.Enter{Pos: info().Start}) })
	if err != nil || len(got) != 2 || w.Len() != 2 {
		t.Errorf("second: %v, %v", err, got)
	}
	w.do(func(tx *zone.Tx) { _, err = tx.Enter(zone.Enter{}) })
	if !errors.Is(err, zone.ErrFull) {
		t.Errorf("third of two: %v", err)
	}
	got = w.do(func(tx *zone.Tx) { tx.Show(9) })
	if len(got) != 1 || !slices.Equal(got[0].To, to(9)) {
		t.Errorf("shown again: %v", got)
	}
	want(t, w.do(func(tx *zone.Tx) { tx.Leave(9) }), heard{to(1), &zone.Removed{IDs: to(9)}})
	want(t, w.do(func(tx *zone.Tx) {
		tx.Leave(9)
		tx.Show(9)
		tx.Say(9, "gone")
		tx.Shout(9, "gone")
		tx.Move(9, pt(1, 1), 0, 0)
		tx.Stop(9, pt(1, 1), 0)
		tx.ToggleRun(9)
		tx.ToggleSit(9)
		tx.Emote(9, 1, 0)
		tx.Halt(9)
	}))
}

// TestEmotes: a walk ends and a sitter stands up first.
func TestEmotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a, b := w.enter(1000, 1000), w.enter(1500, 1000)
	w.enter(15000, 15000) // out of sight
	both := to(b, a)
	emote := func(tx *zone.Tx) { tx.Emote(a, 11, 1<<15) }
	played := heard{both, &zone.Emoted{ID: a, Motion: 11, Flags: 1 << 15}}
	want(t, w.do(emote), played)
	w.do(func(tx *zone.Tx) { tx.Move(a, pt(3000, 1000), 9, 0) })
	w.pass(time.Second) // at 1400
	want(t, w.do(emote), heard{both, &zone.Stopped{ID: a, Pos: pt(1400, 1000), Z: 9}}, played)
	w.do(func(tx *zone.Tx) { tx.ToggleSit(a) })
	want(t, w.do(emote), heard{both, &zone.Toggled{ID: a, Running: true, RunSpeed: 400, Speed: 400}}, played)
	if e := w.get(a); e.Sitting || e.Walking || e.Pos != pt(1400, 1000) {
		t.Errorf("after it: %+v", e)
	}
}

func TestHalt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a, b := w.enter(1000, 1000), w.enter(1500, 1000)
	halt := func(tx *zone.Tx) { tx.Halt(a) }
	want(t, w.do(halt), heard{to(a), &zone.Adjusted{ID: a, Pos: pt(1000, 1000)}})
	w.do(func(tx *zone.Tx) { tx.Move(a, pt(3000, 1000), 9, 0) })
	w.pass(time.Second) // at 1400
	want(t, w.do(halt),
		heard{to(b), &zone.Stopped{ID: a, Pos: pt(1400, 1000), Z: 9}},
		heard{to(a), &zone.Adjusted{ID: a, Pos: pt(1400, 1000), Z: 9}})
}

// TestAHaltedPathNoLongerCounts: a place beside it is judged from where the
// player was halted.
func TestAHaltedPathNoLongerCounts(t *testing.T) {
	t.Parallel()
	for name, halt := range map[string]func(*zone.Tx, zone.ID){
		"halted":         (*zone.Tx).Halt,
		"sits":           (*zone.Tx).ToggleSit,
		"a refused walk": func(tx *zone.Tx, id zone.ID) { tx.Move(id, pt(-1, 5000), 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 10)
			a := w.enter(5000, 5000)
			w.do(func(tx *zone.Tx) { tx.Move(a, pt(9000, 5000), 1, 0) })
			w.pass(2 * time.Second) // at 5800
			w.do(func(tx *zone.Tx) { halt(tx, a) })
			want(t, w.do(func(tx *zone.Tx) { tx.Stop(a, pt(5400, 5499), 4) }),
				heard{to(a), &zone.Adjusted{ID: a, Pos: pt(5800, 5000), Z: 1}})
		})
	}
}

func TestTalk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	a, b, far := w.enter(5000, 5000), w.enter(5500, 5000), w.enter(15000, 15000)
	want(t, w.do(func(tx *zone.Tx) { tx.Say(a, "hi") }), heard{to(b, a), &zone.Said{ID: a, Text: "hi"}})
	want(t, w.do(func(tx *zone.Tx) { tx.Shout(far, "ho") }),
		heard{to(a, b, far), &zone.Said{ID: far, Shout: true, Text: "ho"}})
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []zone.Config{
		{Zone: info(), Capacity: 0, Sink: &recorder{}},
		{Zone: info(), Capacity: zone.MaxEntities + 1, Sink: &recorder{}},
		{Zone: info(), Capacity: 1},
	} {
		if _, err := zone.New(c); err == nil {
			t.Errorf("capacity %d, sink %v: accepted", c.Capacity, c.Sink)
		}
	}
}
