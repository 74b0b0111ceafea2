// Package zone simulates one zone: its entities, their movement, and which of them
// see each other.
//
// A Zone is a plain value that is stepped by hand. Time comes in with every step,
// events go out to a Sink before the step returns, and nothing depends on a clock,
// on chance or on the order of a map: the same steps give the same events. It
// belongs to one goroutine at a time; the host of the zone decides which.
//
// # Movement
//
// A walk is a start, a target, a speed and the time of its beginning: where an
// entity is follows from these at any instant. Others are told the target, not
// each step; reaching it makes no event, as every client computes that alike.
//
// What a client reports is checked (see Tx.Move and Tx.Stop). A refused
// movement halts the entity where the zone knows it to be; its client is
// Adjusted and those who saw it walk get Stopped.
//
// # Sight
//
// Two entities begin to see each other when they are at most Sight.Radius
// apart, and cease to when they are further than 1.2 times of it apart, so
// that an entity that walks along the edge does not flicker. Sight is mutual.
//
// The zone does not look for changes of sight: it computes when they come. All
// walks are straight lines, so the instant at which two entities come within a
// distance is the root of a quadratic equation. When a motion changes, the zone
// computes the instants for the entities nearby and sets a timer for the first
// (see plan.go). Zone.Next is the earliest of all timers. A host sleeps until
// then; a zone in which nobody walks has no timers and costs nothing.
package zone

import (
	"errors"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/timers"
)

// ID numbers an entity within its zone, 1 to 65535.
type ID uint16

// MaxEntities is the largest number of entities in a zone. A part of the
// numbers stays unused so that one is not given again at once.
const MaxEntities = 60_000

// The errors of Tx.Enter.
var (
	ErrFull  = errors.New("the zone is full")
	ErrTaken = errors.New("another entity has this number")
)

// Config describes a zone to be made.
type Config struct {
	Zone   data.Zone
	Motion data.Motion
	// Capacity is how many entities fit, 1 to MaxEntities.
	Capacity int
	// FirstID is the number that the first entity gets; 0 counts as 1. A host
	// that starts again chooses another one, so that entities from before find
	// their numbers free.
	FirstID ID
	// Sink receives the events.
	Sink Sink
	// Recorder writes what the zone is told; nil for none.
	Recorder *Recorder
}

// Zone is one zone. Its methods must not be called at the same time, nor from
// within its Sink.
type Zone struct {
	info     data.Zone
	motion   data.Motion
	capacity int
	sink     Sink
	epoch    time.Time      // of the first step: instant 0
	now      timers.Instant // of the latest step
	timers   timers.Queue
	grid     grid
	entities map[ID]*entity
	order    []*entity // in no meaningful, but always the same order
	walkers  int
	changed  []*entity // those whose motion or place this step has changed
	nextID   ID
	look     uint64 // counts the times that an entity looked around
	tx       Tx
	record   *Recorder // nil if nothing is recorded
	scratch  scratch
}

// New returns an empty zone.
func New(c Config) (*Zone, error) {
	if c.Capacity < 1 || c.Capacity > MaxEntities {
		return nil, fmt.Errorf("zone %d: capacity is %d, must be from 1 to %d", c.Zone.ID, c.Capacity, MaxEntities)
	}
	if c.Sink == nil {
		return nil, fmt.Errorf("zone %d: no sink for its events", c.Zone.ID)
	}
	z := &Zone{
		info: c.Zone, motion: c.Motion, capacity: c.Capacity, sink: c.Sink,
		grid:     newGrid(&c.Zone),
		entities: map[ID]*entity{},
		nextID:   max(1, c.FirstID),
	}
	z.tx.z = z
	if c.Recorder != nil {
		z.record = c.Recorder
		if err := z.record.begin(c); err != nil {
			return nil, fmt.Errorf("zone %d: its recording: %w", c.Zone.ID, err)
		}
	}
	return z, nil
}

// Len returns how many entities there are.
func (z *Zone) Len() int { return len(z.order) }

// Walkers returns how many entities walk.
func (z *Zone) Walkers() int { return z.walkers }

// Next returns when something is due that no step asks for: a walker comes into
// sight or out of it, or reaches its target. It reports false if nothing is due
// before the next step changes something.
func (z *Zone) Next() (time.Time, bool) {
	next := z.timers.Next()
	if next == timers.Never {
		return time.Time{}, false
	}
	return z.epoch.Add(next.Sub(0)), true
}

// Do runs f as one step at an instant, after everything that is due by then. A
// time before that of an earlier step counts as the latest: the zone's clock
// never runs backwards.
func (z *Zone) Do(now time.Time, f func(*Tx)) {
	z.begin(now)
	f(&z.tx)
	z.settle()
	z.record.end()
}

// Advance runs everything that is due by an instant.
func (z *Zone) Advance(now time.Time) {
	z.begin(now)
	z.record.end()
}

// begin begins a step with what is due by then.
func (z *Zone) begin(now time.Time) {
	if z.epoch.IsZero() {
		z.epoch = now
	}
	z.now = max(z.now, timers.Instant(0).Add(now.Sub(z.epoch)))
	z.record.step(z.now)
	z.timers.Run(z.now)
}

// emit hands an event to those who perceive it.
func (z *Zone) emit(to []ID, e Event) {
	z.record.event(to, e)
	z.sink.Emit(to, e)
}

// settle gives the entities that a step has changed their sight and their
// timers. Afterwards nothing is due at this instant.
func (z *Zone) settle() {
	for i, e := range z.changed {
		z.changed[i] = nil
		e.changed = false
		if !e.gone {
			z.plan(e, z.now)
		}
	}
	z.changed = z.changed[:0]
	z.timers.Run(z.now)
}

// change notes that the motion or the place of an entity has changed.
func (z *Zone) change(e *entity) {
	if !e.changed {
		e.changed = true
		z.changed = append(z.changed, e)
	}
}

// freeID returns a number that is not in use, going round so that the number
// of an entity that left is given again as late as possible.
func (z *Zone) freeID() ID {
	for {
		id := z.nextID
		z.nextID++
		if z.nextID == 0 {
			z.nextID = 1
		}
		if _, used := z.entities[id]; !used {
			return id
		}
	}
}
