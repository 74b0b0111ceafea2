package zone

import (
	"cmp"
	"slices"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// Hysteresis is how many times further than Sight.Radius two entities that see
// each other may be apart.
const Hysteresis = 1.2

// scratch holds slices that are used again by each step.
type scratch struct {
	gained, lost []*entity
	to, ids      []ID
	views        []Entity
	self         [1]ID
	selfView     [1]Entity
}

// judgeSight compares what the moved entities see with what they should.
func (z *Zone) judgeSight() {
	for i, e := range z.moved {
		z.moved[i] = nil
		e.dirty = false
		if !e.gone {
			z.lookAround(e)
		}
	}
	z.moved = z.moved[:0]
}

func (z *Zone) lookAround(e *entity) {
	enter := z.info.Sight.Radius
	leave := enter * Hysteresis
	s := &z.scratch
	s.gained, s.lost = s.gained[:0], s.lost[:0]
	z.look++
	for _, o := range e.sees {
		o.look = z.look
		if distance2(e.pos, o.pos) > leave*leave {
			s.lost = append(s.lost, o)
		}
	}
	z.grid.near(e.pos, enter, func(o *entity) {
		if o.look != z.look && o != e && distance2(e.pos, o.pos) <= enter*enter {
			s.gained = append(s.gained, o)
		}
	})
	if len(s.lost) > 0 {
		for _, o := range s.lost {
			e.unsee(o)
			o.unsee(e)
		}
		z.emitRemoved(e, s.lost)
	}
	if len(s.gained) > 0 {
		slices.SortFunc(s.gained, byID)
		for _, o := range s.gained {
			e.see(o)
			o.see(e)
		}
		z.emitSpawned(e, s.gained)
	}
}

func distance2(a, b data.Point) float64 {
	dx, dy := a.X-b.X, a.Y-b.Y
	return dx*dx + dy*dy
}

func byID(a, b *entity) int { return cmp.Compare(a.id, b.id) }

func (e *entity) see(o *entity) {
	i, _ := slices.BinarySearchFunc(e.sees, o, byID)
	e.sees = slices.Insert(e.sees, i, o)
}

func (e *entity) unsee(o *entity) {
	if i, ok := slices.BinarySearchFunc(e.sees, o, byID); ok {
		e.sees = slices.Delete(e.sees, i, i+1)
	}
}

// emitSpawned shows e to others and others to e.
func (z *Zone) emitSpawned(e *entity, others []*entity) {
	s := &z.scratch
	s.selfView[0] = z.view(e)
	z.sink.Emit(z.receivers(others), Spawned{Entities: s.selfView[:]})
	z.showTo(e, others)
}

// showTo shows others to e.
func (z *Zone) showTo(e *entity, others []*entity) {
	s := &z.scratch
	s.views = s.views[:0]
	for _, o := range others {
		s.views = append(s.views, z.view(o))
	}
	s.self[0] = e.id
	z.sink.Emit(s.self[:], Spawned{Entities: s.views})
}

// emitRemoved takes e out of the sight of others, and others out of its own.
func (z *Zone) emitRemoved(e *entity, others []*entity) {
	s := &z.scratch
	s.self[0] = e.id
	z.sink.Emit(z.receivers(others), Removed{IDs: s.self[:]})
	s.ids = s.ids[:0]
	for _, o := range others {
		s.ids = append(s.ids, o.id)
	}
	z.sink.Emit(s.self[:], Removed{IDs: s.ids})
}

func (z *Zone) receivers(others []*entity) []ID {
	s := &z.scratch
	s.to = s.to[:0]
	for _, o := range others {
		s.to = append(s.to, o.id)
	}
	return s.to
}

// watchers returns who sees e, and with self e as well.
func (z *Zone) watchers(e *entity, self bool) []ID {
	to := z.receivers(e.sees)
	if self {
		to = append(to, e.id)
		z.scratch.to = to
	}
	return to
}
