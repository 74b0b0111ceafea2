package zone

import (
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// Entity is what others can see of an entity.
type Entity struct {
	ID       ID
	Pos      data.Point
	Z        int32      // as its client sent it last
	Target   data.Point // where it walks to; Pos when it stands
	Walking  bool       // under way
	Sitting  bool
	Running  bool    // runs when it moves; walks otherwise
	RunSpeed float64 // centimetres a second
	Speed    float64 // at which it moves, centimetres a second
}

// entity is an entity with what the zone keeps about it.
type entity struct {
	id       ID
	pos      data.Point // at the time of the last step that touched it
	z        int32
	from     data.Point // of the latest walk
	to       data.Point
	began    time.Time
	walking  bool
	sitting  bool
	running  bool
	ahead    float64 // distance that the client gained on us, see claim
	aheadAt  time.Time
	sees     []*entity // by rising id
	look     uint64    // the latest Zone.look that found it in sight already
	dirty    bool      // is in Zone.moved
	gone     bool
	cell     int // in the grid
	cellSlot int // in the cell
	slot     int // in Zone.order
	walkSlot int // in Zone.walkers
}

func (z *Zone) speed(e *entity) float64 {
	if e.running {
		return z.motion.RunSpeed
	}
	return z.motion.WalkSpeed
}

func (z *Zone) view(e *entity) Entity {
	v := Entity{
		ID: e.id, Pos: z.at(e), Z: e.z, Walking: e.walking, Sitting: e.sitting,
		Running: e.running, RunSpeed: z.motion.RunSpeed, Speed: z.speed(e),
	}
	v.Target = v.Pos
	if e.walking {
		v.Target = e.to
	}
	return v
}

// at returns where an entity is now.
func (z *Zone) at(e *entity) data.Point {
	if !e.walking {
		return e.pos
	}
	length := distance(e.from, e.to)
	gone := z.speed(e) * z.now.Sub(e.began).Seconds()
	if gone >= length {
		return e.to
	}
	part := gone / length
	return data.Point{X: e.from.X + (e.to.X-e.from.X)*part, Y: e.from.Y + (e.to.Y-e.from.Y)*part}
}

// advance brings an entity to where it is now and ends a walk that is over.
func (z *Zone) advance(e *entity) {
	if !e.walking {
		return
	}
	z.place(e, z.at(e))
	if e.pos == e.to {
		z.endWalk(e)
	}
}

// place moves an entity to a position, and lets its sight be checked.
func (z *Zone) place(e *entity, p data.Point) {
	e.pos = p
	z.grid.move(e)
	z.touch(e)
}

func (z *Zone) touch(e *entity) {
	if !e.dirty {
		e.dirty = true
		z.moved = append(z.moved, e)
	}
}

// walk begins a walk, or a new leg of one, from where the entity is.
func (z *Zone) walk(e *entity, to data.Point) {
	e.from, e.to, e.began = e.pos, to, z.now
	if e.pos == to {
		z.endWalk(e)
		return
	}
	if !e.walking {
		e.walking = true
		e.walkSlot = len(z.walkers)
		z.walkers = append(z.walkers, e)
	}
}

func (z *Zone) endWalk(e *entity) {
	if !e.walking {
		return
	}
	e.walking = false
	last := z.walkers[len(z.walkers)-1]
	z.walkers[e.walkSlot] = last
	last.walkSlot = e.walkSlot
	z.walkers[len(z.walkers)-1] = nil
	z.walkers = z.walkers[:len(z.walkers)-1]
}

// halt ends a walk at once. The path before it no longer counts.
func (z *Zone) halt(e *entity) {
	z.endWalk(e)
	e.from = e.pos
}

// claim checks a position that the client reports, after advance. A position on the
// last second of the path is free: the client is behind the server, because its
// packets need time. Any distance from that path counts against an allowance of
// Motion.Tolerance centimetres, which recovers at a tenth of the running speed. So
// no pattern of reports makes a player faster than by that tenth.
func (z *Zone) claim(e *entity, p data.Point) bool {
	if !z.info.Contains(p) {
		return false
	}
	recovered := z.motion.RunSpeed / 10 * z.now.Sub(e.aheadAt).Seconds()
	e.ahead, e.aheadAt = math.Max(0, e.ahead-recovered), z.now
	gain := fromSegment(p, lastOf(e.from, e.pos, z.speed(e)), e.pos)
	if e.ahead+gain > z.motion.Tolerance {
		return false
	}
	e.ahead += gain
	return true
}

func distance(a, b data.Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// lastOf returns where the last length centimetres of a way begin.
func lastOf(from, to data.Point, length float64) data.Point {
	whole := distance(from, to)
	if whole <= length {
		return from
	}
	part := length / whole
	return data.Point{X: to.X + (from.X-to.X)*part, Y: to.Y + (from.Y-to.Y)*part}
}

// fromSegment returns how far p is from the line between a and b.
func fromSegment(p, a, b data.Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	length2 := dx*dx + dy*dy
	if length2 == 0 {
		return distance(p, a)
	}
	t := ((p.X-a.X)*dx + (p.Y-a.Y)*dy) / length2
	t = math.Max(0, math.Min(1, t))
	return distance(p, data.Point{X: a.X + t*dx, Y: a.Y + t*dy})
}
