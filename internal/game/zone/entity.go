package zone

import (
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/timers"
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
	// Its motion: at an instant t before ends it is at from + velocity·(t − began),
	// later at to. For an entity that stands, from and to are its place.
	from, to data.Point
	velocity data.Point // centimetres a second
	began    timers.Instant
	ends     timers.Instant // Never for an entity that stands
	// The timer fires at the first of meets, and at planned at the latest.
	planned timers.Instant // until which the meetings of this entity are computed
	plans   uint32         // counts the plans; a meeting of an earlier one is void
	look    uint64         // the latest Zone.look that found it in sight already
	id      ID
	walking bool
	sitting bool
	running bool
	changed bool // is in Zone.changed
	gone    bool
	z       int32
	col     int // of its cell in the grid
	row     int
	slot    int    // in the cell
	sees    []seen // by rising id
	meets   meetings
	timer   timers.Timer
	ahead   float64 // distance that the client gained on us, see claim
	aheadAt timers.Instant
	rank    int // in Zone.order
}

func (z *Zone) speed(e *entity) float64 {
	if e.running {
		return z.motion.RunSpeed
	}
	return z.motion.WalkSpeed
}

func (z *Zone) view(e *entity) Entity {
	return Entity{
		ID: e.id, Pos: e.at(z.now), Z: e.z, Target: e.to, Walking: e.walking && z.now < e.ends, Sitting: e.sitting,
		Running: e.running, RunSpeed: z.motion.RunSpeed, Speed: z.speed(e),
	}
}

// at returns where an entity is at an instant of its present motion.
func (e *entity) at(t timers.Instant) data.Point {
	if !e.walking || t >= e.ends {
		return e.to
	}
	s := seconds(t.Sub(e.began))
	return data.Point{X: e.from.X + e.velocity.X*s, Y: e.from.Y + e.velocity.Y*s}
}

// walk begins a walk, or a new leg of one, from where the entity is now.
func (z *Zone) walk(e *entity, to data.Point) {
	from := e.at(z.now)
	length := distance(from, to)
	if length == 0 {
		z.place(e, to)
		return
	}
	speed := z.speed(e)
	e.from, e.to, e.began = from, to, z.now
	e.velocity = data.Point{X: (to.X - from.X) / length * speed, Y: (to.Y - from.Y) / length * speed}
	e.ends = z.now.Add(ceil(length / speed))
	if !e.walking {
		e.walking = true
		z.walkers++
	}
	z.change(e)
}

// place puts an entity somewhere, where it stands.
func (z *Zone) place(e *entity, p data.Point) {
	z.rest(e, p)
	z.grid.move(e, p)
	z.change(e)
}

// halt ends a walk at once. The path before it no longer counts.
func (z *Zone) halt(e *entity) { z.place(e, e.at(z.now)) }

// rest ends the motion of an entity at a place.
func (z *Zone) rest(e *entity, p data.Point) {
	e.from = p
	z.arrive(e)
	e.to = p
}

// arrive ends a walk at its target. The path still counts for what the client
// says next, see claim.
func (z *Zone) arrive(e *entity) {
	e.velocity, e.ends = data.Point{}, timers.Never
	if e.walking {
		e.walking = false
		z.walkers--
	}
}

// seconds is Duration.Seconds in one division; walks last days at most, and are
// exact.
func seconds(d time.Duration) float64 { return float64(d) / float64(time.Second) }

// ceil returns the shortest duration of whole nanoseconds that is no shorter
// than seconds. A distance of at most 10 km at 1 cm/s is far from its limit.
func ceil(seconds float64) time.Duration {
	return time.Duration(math.Ceil(seconds * float64(time.Second)))
}

// claim checks a position that the client reports. A position on the last second
// of the path is free: the client is behind the server, because its packets need
// time. Any distance from that path counts against an allowance of
// Motion.Tolerance centimetres, which recovers at a tenth of the running speed. So
// no pattern of reports makes a player faster than by that tenth.
func (z *Zone) claim(e *entity, p data.Point) bool {
	if !z.info.Contains(p) {
		return false
	}
	recovered := z.motion.RunSpeed / 10 * z.now.Sub(e.aheadAt).Seconds()
	e.ahead, e.aheadAt = math.Max(0, e.ahead-recovered), z.now
	at := e.at(z.now)
	gain := fromSegment(p, lastOf(e.from, at, z.speed(e)), at)
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
