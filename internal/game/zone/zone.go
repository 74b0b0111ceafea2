// Package zone simulates one zone: its entities, their movement, and which of them
// see each other.
//
// A Zone is a plain value that is stepped by hand. Time comes in with every step,
// events go out to a Sink before the step returns, and nothing depends on a clock,
// on chance or on the order of a map: the same steps give the same events. It
// belongs to one goroutine at a time; the host of the zone decides which.
//
// # Sight
//
// Two entities begin to see each other when they are at most Sight.Radius
// apart, and cease to when they are further than 1.2 times of it apart, so
// that someone who walks along the edge does not flicker. Sight is mutual. It
// is judged at the end of each step for the entities that the step moved.
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
package zone

import (
	"errors"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
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
}

// Zone is one zone. Its methods must not be called at the same time, nor from
// within its Sink.
type Zone struct {
	info     data.Zone
	motion   data.Motion
	capacity int
	sink     Sink
	now      time.Time // of the latest step
	grid     grid
	entities map[ID]*entity
	order    []*entity // in no meaningful, but always the same order
	walkers  []*entity
	moved    []*entity // since sight was judged last
	nextID   ID
	look     uint64 // counts the times that somebody looked around
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
	return &Zone{
		info: c.Zone, motion: c.Motion, capacity: c.Capacity, sink: c.Sink,
		grid:     newGrid(&c.Zone),
		entities: map[ID]*entity{},
		nextID:   max(1, c.FirstID),
	}, nil
}

// Len returns how many entities there are.
func (z *Zone) Len() int { return len(z.order) }

// Walkers returns how many entities walk.
func (z *Zone) Walkers() int { return len(z.walkers) }

// Do runs f as one step at an instant. A time before that of an earlier step
// counts as the latest: the zone's clock never runs backwards.
func (z *Zone) Do(now time.Time, f func(*Tx)) {
	if now.After(z.now) {
		z.now = now
	}
	f(&Tx{z: z})
	z.judgeSight()
}

// Tick moves every walker to where it is at an instant.
func (z *Zone) Tick(now time.Time) {
	if now.After(z.now) {
		z.now = now
	}
	for i := 0; i < len(z.walkers); {
		e := z.walkers[i]
		z.advance(e)
		if e.walking {
			i++ // otherwise another walker has taken its place in the list
		}
	}
	z.judgeSight()
}

// freeID returns a number that is not in use, going round so that the number
// of someone who left is given again as late as possible.
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
