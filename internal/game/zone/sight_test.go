package zone_test

import (
	"fmt"
	"maps"
	"math"
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
			case zone.Spawned:
				for _, o := range e.Entities {
					if p := (pair{viewer, o.ID}); c[p] || viewer == o.ID {
						return fmt.Errorf("%d is shown %d twice", viewer, o.ID)
					}
					c[pair{viewer, o.ID}] = true
				}
			case zone.Removed:
				for _, id := range e.IDs {
					if !c[pair{viewer, id}] {
						return fmt.Errorf("%d loses %d, which it did not see", viewer, id)
					}
					delete(c, pair{viewer, id})
				}
			case zone.Moved:
				if viewer != e.ID && !c[pair{viewer, e.ID}] {
					return fmt.Errorf("%d is told of the walk of %d, which it does not see", viewer, e.ID)
				}
			}
		}
	}
	return nil
}

// rule is sight as the package promises it, worked out from places alone.
func rule(before map[pair]bool, places map[zone.ID]data.Point) map[pair]bool {
	after := map[pair]bool{}
	for a, pa := range places {
		for b, pb := range places {
			d := math.Hypot(pa.X-pb.X, pa.Y-pb.Y)
			if p := (pair{a, b}); a != b && (d <= 1000 || before[p] && d <= 1200) {
				after[p] = true
			}
		}
	}
	return after
}

// Whatever happens, what clients believe to see is what the rule says.
func TestSightIsConsistent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, 50)
		believed, truth := clients{}, map[pair]bool{}
		ids := map[zone.ID]bool{}
		coordinate := rapid.Map(rapid.IntRange(0, 5000), func(n int) float64 { return float64(n) })
		check := func(events []heard) {
			if err := believed.apply(events); err != nil {
				rt.Fatal(err)
			}
			places := map[zone.ID]data.Point{}
			for id := range ids {
				places[id] = w.get(id).Pos
			}
			truth = rule(truth, places)
			if !maps.Equal(map[pair]bool(believed), truth) {
				rt.Fatalf("believed %v\ntruth %v\nplaces %v", believed, truth, places)
			}
		}
		some := func() zone.ID {
			all := make([]zone.ID, 0, len(ids))
			for id := range ids {
				all = append(all, id)
			}
			if len(all) == 0 {
				rt.Skip("nobody is there")
			}
			sortIDs(all)
			return rapid.SampledFrom(all).Draw(rt, "who")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"enter": func(rt *rapid.T) {
				if len(ids) >= 12 {
					rt.Skip("enough")
				}
				at := pt(coordinate.Draw(rt, "x"), coordinate.Draw(rt, "y"))
				var id zone.ID
				check(w.do(func(tx *zone.Tx) {
					id, _ = tx.Enter(zone.Enter{Pos: at, Running: rapid.Bool().Draw(rt, "runs")})
					ids[id] = true
				}))
			},
			"leave": func(rt *rapid.T) {
				id := some()
				delete(ids, id)
				events := w.do(func(tx *zone.Tx) { tx.Leave(id) })
				for p := range believed {
					if p.viewer == id { // its client is gone with it
						delete(believed, p)
					}
				}
				check(events)
			},
			"move": func(rt *rapid.T) {
				id, at := some(), pt(coordinate.Draw(rt, "x"), coordinate.Draw(rt, "y"))
				check(w.do(func(tx *zone.Tx) { tx.Move(id, at, 0, 0) }))
			},
			"stop": func(rt *rapid.T) {
				id := some()
				at := w.get(id).Pos
				at.X += float64(rapid.IntRange(-600, 600).Draw(rt, "dx"))
				at.Y += float64(rapid.IntRange(-600, 600).Draw(rt, "dy"))
				check(w.do(func(tx *zone.Tx) { tx.Stop(id, at, 0) }))
			},
			"toggle": func(rt *rapid.T) {
				id, sit := some(), rapid.Bool().Draw(rt, "sit")
				check(w.do(func(tx *zone.Tx) {
					if sit {
						tx.ToggleSit(id)
					} else {
						tx.ToggleRun(id)
					}
				}))
			},
			"tick": func(rt *rapid.T) {
				check(w.pass(time.Duration(rapid.IntRange(1, 4000).Draw(rt, "ms")) * time.Millisecond))
			},
		})
	})
}
