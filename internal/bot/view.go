package bot

import (
	"cmp"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// HeardKind is how a text reached the bot.
type HeardKind uint8

// The ways.
const (
	HeardLocal HeardKind = iota
	HeardWhisper
	HeardShout
	HeardAnnounce
)

// String returns "local", "whisper", "shout" or "announcement".
func (k HeardKind) String() string {
	return [...]string{"local", "whisper", "shout", "announcement"}[k&3]
}

// Heard is a text that the bot received.
type Heard struct {
	Kind HeardKind
	From string // the speaker's name; empty when the bot does not know it
	Text string // empty in a whisper: there is nobody called From
	At   time.Time
}

// Entity is somebody in sight, as of one moment.
type Entity struct {
	ID           uint16
	Name         string  // empty for those who are no characters
	X, Y         float32 // now, centimetres, computed from its last walk
	Z            uint16  // as it was told last
	DestX, DestY float32 // where it walks to; X, Y when it stands
	Walking      bool
	Running      bool // when it walks, it runs
	Sitting      bool
	left         time.Duration
}

// TimeLeft returns how long its walk still takes; 0 when it stands.
func (e Entity) TimeLeft() time.Duration { return e.left }

// View is what a bot knows. It is valid only within the call that it was
// handed to.
type View struct {
	m   *model
	now time.Time
}

// Self returns the bot's own character; false before it is in a zone.
func (v View) Self() (Entity, bool) { return v.entity(v.m.entities[v.m.self]) }

// Zone returns the zone's number and the character's unique id.
func (v View) Zone() (zone uint16, uniqueID uint32) { return v.m.zone, v.m.uniqueID }

// Start returns where the server put the character when it joined.
func (v View) Start() (x, y float32) { return float32(v.m.start.x), float32(v.m.start.y) }

// Inventory returns what the server said the character has when it joined.
func (v View) Inventory() packets.Inventory { return v.m.items }

// Find returns a character in sight by its name; false when it is not in
// sight. The bot itself is not found.
func (v View) Find(name string) (Entity, bool) {
	for id, e := range v.m.entities {
		if id != v.m.self && name != "" && e.name == name {
			return v.entity(e)
		}
	}
	return Entity{}, false
}

// InSight returns everybody in sight but the bot itself, by rising id.
func (v View) InSight() []Entity {
	list := make([]Entity, 0, len(v.m.entities))
	for id, e := range v.m.entities {
		if id != v.m.self {
			seen, _ := v.entity(e)
			list = append(list, seen)
		}
	}
	slices.SortFunc(list, func(a, b Entity) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Heard returns the texts that the bot remembers, oldest first, at most
// MaxHeard.
func (v View) Heard() []Heard { return slices.Clone(v.m.heard) }

// HeardFrom reports whether a text of somebody is among those.
func (v View) HeardFrom(kind HeardKind, from, text string) bool {
	return slices.ContainsFunc(v.m.heard, func(h Heard) bool {
		return h.Kind == kind && h.From == from && h.Text == text
	})
}

// Texts counts all texts heard since the bot joined the game stage.
func (v View) Texts() uint64 { return v.m.texts }

func (v View) entity(e *entity) (Entity, bool) {
	if e == nil {
		return Entity{}, false
	}
	at := e.at(v.now)
	seen := Entity{
		ID: e.id, Name: e.name, X: float32(at.x), Y: float32(at.y), Z: e.z,
		DestX: float32(at.x), DestY: float32(at.y), Running: e.running, Sitting: e.sitting,
	}
	if left := e.arrives().Sub(v.now); left > 0 {
		seen.Walking, seen.left = true, left
		seen.DestX, seen.DestY = float32(e.to.x), float32(e.to.y)
	}
	return seen, true
}
