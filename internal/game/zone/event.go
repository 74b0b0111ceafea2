package zone

import "github.com/waystone-mmo/waystone/internal/game/data"

// Sink receives a zone's events, in their order, while a step runs. Neither
// the receivers nor the event, nor any slice within it, may be kept after Emit
// has returned: the zone uses them again.
type Sink interface {
	// Emit hands over an event and the entities that perceive it, each once and
	// at least one.
	Emit(to []ID, e Event)
}

// Event points to one of the types of this file.
type Event interface{ event() }

// Spawned lists entities that came into sight.
type Spawned struct{ Entities []Entity }

// Removed lists entities that went out of sight.
type Removed struct{ IDs []ID }

// Moved tells that an entity walks to Target. It itself is told too: clients
// walk when they are told to.
type Moved struct {
	ID       ID
	Aim      ID // entity walked to; 0 for none
	Distance float64
	Target   data.Point
	Z        int32
	Running  bool
}

// Stopped tells where an entity stands from here on.
type Stopped struct {
	ID  ID
	Pos data.Point
	Z   int32
}

// Toggled tells how an entity moves from here on.
type Toggled struct {
	ID       ID
	Running  bool
	Sitting  bool
	RunSpeed float64
	Speed    float64 // at which it moves
}

// Adjusted tells an entity's own client that it was wrong about its place.
type Adjusted struct {
	ID  ID
	Pos data.Point
	Z   int32
}

// Said is a text from an entity, heard by those who see it and by itself; a
// shout by everybody in the zone.
type Said struct {
	ID    ID
	Shout bool
	Text  string
}

// Emoted tells that an entity plays a motion, once. It itself is told too:
// clients play what they are told to.
type Emoted struct {
	ID     ID
	Motion uint16 // row in the client's list of motions
	Flags  uint16 // as its client sent them
}

func (*Spawned) event()  {}
func (*Removed) event()  {}
func (*Moved) event()    {}
func (*Stopped) event()  {}
func (*Toggled) event()  {}
func (*Adjusted) event() {}
func (*Said) event()     {}
func (*Emoted) event()   {}
