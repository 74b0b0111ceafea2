package world_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/service/world"
)

// steps returns how often zones had something to do, commands not counted.
func (s *service) steps() (n uint64) {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	found := false
	for _, f := range families {
		if f.GetName() != "waystone_world_step_late_seconds" {
			continue
		}
		found = true
		for _, m := range f.GetMetric() {
			n += m.GetHistogram().GetSampleCount()
		}
	}
	if !found {
		s.t.Fatal("there is no waystone_world_step_late_seconds")
	}
	return n
}

// TestAZoneSleeps: nothing runs and nothing is saved while nobody does
// anything, and a walk costs a step for each save and for what comes of it.
func TestAZoneSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
		s := start(t, chars, func(c *world.Config) { c.SaveInterval = time.Second })
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.enter(2, chars.rows[2], 1)
		time.Sleep(2 * time.Second)
		asleep := s.steps()
		saves := func() (n int) {
			chars.set(func(c *characters) { n = c.calls })
			return n
		}
		saved := saves()
		time.Sleep(time.Hour)
		if n := s.steps() - asleep; n != 0 || saves() != saved {
			t.Errorf("in an hour in which nobody moved: %d steps and %d saves", n, saves()-saved)
		}

		g.move(1, 520000, 524000) // 9.4 s at 425 cm/s
		time.Sleep(time.Hour)
		if p := chars.row(1).State.Position; p.X != 520000 || p.Y != 524000 {
			t.Errorf("after the walk %v is saved", p)
		}
		// A save each second, the last after the arrival, and the arrival.
		if steps, n := s.steps()-asleep, saves()-saved; steps != 11 || n != 10 {
			t.Errorf("a walk of 9.4 s took %d steps and %d saves, want 11 and 10", steps, n)
		}
	})
}
