package zone

import "github.com/waystone-mmo/waystone/internal/game/data"

// Sink receives a zone's events, in their order, while a step runs. Neither
// the receivers nor the event, nor any slice within it, may be kept after Emit
// has returned: the zone uses them again.
type Sink interface {
	// Emit gets an event and its receivers, each once and at least one.
	Emit(to []ID, e Event)
}

// Event points to one of the types of this file.
type Event interface{ event() }

// Spawned lists entities that came into sight.
type Spawned struct{ Entities []Entity }

// Removed lists entities that went out of sight.
type Removed struct{ IDs []ID }

// Moved says that an entity walks to Target. The entity's own client gets it too,
// because a client walks only when the server says so.
type Moved struct {
	ID       ID
	Aim      ID // entity walked to; 0 for none
	Distance float64
	Target   data.Point
	Z        int32
	Running  bool
}

// Stopped says where an entity stands from now on.
type Stopped struct {
	ID  ID
	Pos data.Point
	Z   int32
}

// Toggled says how an entity moves from now on.
type Toggled struct {
	ID       ID
	Running  bool
	Sitting  bool
	RunSpeed float64
	Speed    float64 // at which it moves
}

// Adjusted corrects the position in an entity's own client.
type Adjusted struct {
	ID  ID
	Pos data.Point
	Z   int32
}

// Said is a text from an entity, for all who see it and for itself; a shout is for
// the whole zone.
type Said struct {
	ID    ID
	Shout bool
	Text  string
}

// Emoted says that an entity plays a motion once. The entity's own client gets it
// too, because a client plays only what the server says.
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
