package zone

import (
	"math"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/timers"
)

// A plan of an entity is a list of its next meetings: the instants at which
// another entity comes into its sight or goes out of it if both go on as they
// do now. It holds until the entity reaches its target or the edge of its
// cell; then it is made again. So the entities that it has to look at are
// those in the cells around: none from further away can come into sight
// before one of the two has crossed an edge.
//
// A change of sight of two entities is in one of their plans: in the later one,
// which voids what the earlier one said of the two.

// meeting is a change of sight of an entity and another.
type meeting struct {
	at    timers.Instant
	other *entity
	plan  uint32 // of the other, with which the instant was computed
	parts bool   // they lose sight of each other
}

// meetings is a heap: each is before its two children.
type meetings []meeting

func (m meetings) before(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].other.id < m[j].other.id
}

func (m meetings) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(m) {
			return
		}
		if c+1 < len(m) && m.before(c+1, c) {
			c++
		}
		if !m.before(c, i) {
			return
		}
		m[i], m[c] = m[c], m[i]
		i = c
	}
}

func (m meetings) order() {
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
}

func (m *meetings) push(v meeting) {
	*m = append(*m, v)
	h := *m
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.before(i, parent) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (m *meetings) pop() meeting {
	h := *m
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = meeting{}
	*m = h[:last]
	m.down(0)
	return first
}

// due is what the timer of an entity fires.
func (z *Zone) due(e *entity, t timers.Instant) {
	for len(e.meets) > 0 && e.meets[0].at <= t {
		m := e.meets.pop()
		if m.plan != m.other.plans {
			continue
		}
		z.turn(e, m)
		if next, ok := z.foresee(e, m.other, t, !m.parts); ok {
			e.meets.push(next)
		}
	}
	if e.planned <= t {
		z.pass(e, t)
		z.plan(e, t)
		return
	}
	z.wake(e)
}

// turn carries out a meeting.
func (z *Zone) turn(e *entity, m meeting) {
	one := z.scratch.one[:]
	one[0] = m.other
	if m.parts {
		z.lose(e, one)
	} else {
		z.gain(e, one)
	}
	one[0] = nil
}

// pass carries out what a plan ends with: the entity is at its target or at
// the edge of its cell.
func (z *Zone) pass(e *entity, t timers.Instant) {
	if t >= e.ends {
		z.arrive(e)
		z.grid.move(e, e.to)
		return
	}
	_, cols, rows := z.grid.leaves(e)
	z.grid.step(e, cols, rows)
}

// plan brings the sight of an entity up to date and computes its meetings.
func (z *Zone) plan(e *entity, t timers.Instant) {
	e.plans++
	clear(e.meets)
	e.meets = e.meets[:0]
	e.planned = z.until(e, t)
	z.lookAround(e, t)
	e.meets.order()
	z.wake(e)
}

// until returns until when a plan of an entity that is made at t holds.
func (z *Zone) until(e *entity, t timers.Instant) timers.Instant {
	if !e.walking {
		return timers.Never
	}
	in, _, _ := z.grid.leaves(e)
	if in >= seconds(e.ends.Sub(e.began)) {
		return e.ends
	}
	// Not before now: rounding may say so at the edge itself.
	return max(t, min(e.ends, e.began.Add(ceil(math.Max(0, in)))))
}

// wake sets the timer of an entity to what comes first.
func (z *Zone) wake(e *entity) {
	next := e.planned
	if len(e.meets) > 0 {
		next = min(next, e.meets[0].at)
	}
	z.timers.Set(&e.timer, next)
}

// lookAround compares what an entity sees with what it should, and computes how
// that changes. Its meetings are in no order afterwards.
func (z *Zone) lookAround(e *entity, t timers.Instant) {
	enter := z.info.Sight.Radius
	leave := enter * Hysteresis
	at := e.at(t)
	s := &z.scratch
	s.gained, s.lost = s.gained[:0], s.lost[:0]
	z.look++
	e.look = z.look
	for _, sight := range e.sees {
		o := sight.entity
		o.look = z.look
		there := o.at(t)
		if distance2(at, there) > leave*leave {
			s.lost = append(s.lost, o)
		} else if m, ok := meet(e, o, at, there, t, leave, true); ok {
			e.meets = append(e.meets, m)
		}
	}
	// Those further away cannot come near while this plan holds.
	far := math.Inf(1)
	if e.planned != timers.Never {
		far = enter + (z.speed(e)+z.motion.RunSpeed)*seconds(e.planned.Sub(t))
		far *= far
	}
	rows, left, right := z.grid.near(e)
	for _, row := range rows {
		if row == nil {
			continue
		}
		for _, c := range row[left : right+1] {
			for _, o := range c {
				if o.look == z.look {
					continue
				}
				there := o.at(t)
				apart := distance2(at, there)
				if apart <= enter*enter {
					s.gained = append(s.gained, o)
				} else if apart > far {
					continue
				} else if m, ok := meet(e, o, at, there, t, enter, false); ok {
					e.meets = append(e.meets, m)
				}
			}
		}
	}
	slices.SortFunc(s.gained, byID)
	z.lose(e, s.lost)
	z.gain(e, s.gained)
	for i, changed := range [...][]*entity{s.lost, s.gained} {
		for _, o := range changed {
			if m, ok := z.foresee(e, o, t, i == 1); ok {
				e.meets = append(e.meets, m)
			}
		}
		clear(changed)
	}
}

// foresee returns the next change of sight of two entities after t; sees says
// whether they see each other.
func (z *Zone) foresee(e, o *entity, t timers.Instant, sees bool) (meeting, bool) {
	radius := z.info.Sight.Radius
	if sees {
		radius *= Hysteresis
	}
	return meet(e, o, e.at(t), o.at(t), t, radius, sees)
}

// meet returns when an entity that is at a place at t comes within a radius of
// another, which is there, or with parts, when it goes beyond it. It reports false if that does
// not happen while the plans of both hold.
func meet(e, o *entity, at, there data.Point, t timers.Instant, radius float64, parts bool) (meeting, bool) {
	if !e.walking && !o.walking {
		return meeting{}, false
	}
	dx, dy := there.X-at.X, there.Y-at.Y
	vx, vy := o.velocity.X-e.velocity.X, o.velocity.Y-e.velocity.Y
	// The square of their distance after s seconds is a·s² + 2·b·s + c.
	a, b := vx*vx+vy*vy, dx*vx+dy*vy
	if a == 0 || !parts && b >= 0 {
		return meeting{}, false // it stays as it is, or grows
	}
	d := b*b - a*(dx*dx+dy*dy-radius*radius)
	if d <= 0 && !parts {
		return meeting{}, false // they pass each other beyond the radius
	}
	root := math.Sqrt(math.Max(0, d))
	holds := min(e.planned, o.planned).Sub(t)
	in := (-b - root) / a
	if parts {
		in = (root - b) / a
	}
	if in > seconds(holds) {
		return meeting{}, false
	}
	after := time.Duration(math.Max(0, in) * float64(time.Second))
	if parts {
		after++ // beyond the radius, not at it
	}
	return meeting{at: t.Add(after), other: o, plan: o.plans, parts: parts}, true
}
