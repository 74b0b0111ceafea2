package zone

import (
	"cmp"
	"slices"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// Hysteresis is how many times further than Sight.Radius two entities that see
// each other may be apart.
const Hysteresis = 1.2

// scratch holds what each step uses again, so that it makes no garbage.
type scratch struct {
	gained, lost []*entity
	to, ids      []ID
	views        []Entity
	self         [1]ID
	selfView     [1]Entity
	one          [1]*entity

	spawned  Spawned
	removed  Removed
	moved    Moved
	stopped  Stopped
	toggled  Toggled
	adjusted Adjusted
	said     Said
	emoted   Emoted
}

func distance2(a, b data.Point) float64 {
	dx, dy := a.X-b.X, a.Y-b.Y
	return dx*dx + dy*dy
}

func byID(a, b *entity) int { return cmp.Compare(a.id, b.id) }

// seen is an entity in sight with its number, so that a search does not have to
// load it.
type seen struct {
	id     ID
	entity *entity
}

// find returns where an entity is among those that e sees, or would be.
func (e *entity) find(id ID) (int, bool) {
	low, high := 0, len(e.sees)
	for low < high {
		middle := int(uint(low+high) >> 1) //nolint:gosec // both are small and positive
		if e.sees[middle].id < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(e.sees) && e.sees[low].id == id
}

func (e *entity) see(o *entity) {
	i, _ := e.find(o.id)
	e.sees = slices.Insert(e.sees, i, seen{o.id, o})
}

func (e *entity) unsee(o *entity) {
	if i, ok := e.find(o.id); ok {
		e.sees = slices.Delete(e.sees, i, i+1)
	}
}

// gain lets e and others, which are by rising id, see each other.
func (z *Zone) gain(e *entity, others []*entity) {
	if len(others) == 0 {
		return
	}
	for _, o := range others {
		e.see(o)
		o.see(e)
	}
	z.emitSpawned(e, others)
}

// lose ends that e and others see each other.
func (z *Zone) lose(e *entity, others []*entity) {
	if len(others) == 0 {
		return
	}
	for _, o := range others {
		e.unsee(o)
		o.unsee(e)
	}
	z.emitRemoved(e, others)
}

// emitSpawned shows e to others and others to e.
func (z *Zone) emitSpawned(e *entity, others []*entity) {
	s := &z.scratch
	s.selfView[0] = z.view(e)
	s.spawned.Entities = s.selfView[:]
	z.emit(z.receivers(others), &s.spawned)
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
	s.spawned.Entities = s.views
	z.emit(s.self[:], &s.spawned)
}

// emitRemoved takes e out of the sight of others, and others out of its own.
func (z *Zone) emitRemoved(e *entity, others []*entity) {
	s := &z.scratch
	s.self[0] = e.id
	z.emitRemovedTo(z.receivers(others), s.self[:])
	s.ids = s.ids[:0]
	for _, o := range others {
		s.ids = append(s.ids, o.id)
	}
	s.self[0] = e.id
	z.emitRemovedTo(s.self[:], s.ids)
}

func (z *Zone) emitRemovedTo(to, ids []ID) {
	z.scratch.removed.IDs = ids
	z.emit(to, &z.scratch.removed)
}

func (z *Zone) receivers(others []*entity) []ID {
	s := &z.scratch
	s.to = s.to[:0]
	for _, o := range others {
		s.to = append(s.to, o.id)
	}
	return s.to
}

// watchers returns those that see e, and with self e as well.
func (z *Zone) watchers(e *entity, self bool) []ID {
	to := z.scratch.to[:0]
	for _, o := range e.sees {
		to = append(to, o.id)
	}
	if self {
		to = append(to, e.id)
	}
	z.scratch.to = to
	return to
}
