package bot

import (
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// The speeds of those who have told none, centimetres a second.
const (
	defaultRunSpeed = 425
	walkSpeed       = 200
)

// MaxHeard bounds the texts that a bot remembers; older ones are forgotten.
const MaxHeard = 256

// model is what a bot knows from the game connection. Entity ids have 16 bits,
// which bounds what is in sight.
type model struct {
	zone     uint16
	uniqueID uint32
	name     string // the bot's own
	start    point  // where the character data put it
	items    packets.Inventory
	self     uint16 // entity id; 0 outside of a zone
	entities map[uint16]*entity
	heard    []Heard
	texts    uint64 // heard since the beginning
}

type point struct{ x, y float64 }

// entity is somebody in sight, the bot itself included.
type entity struct {
	id       uint16
	name     string // empty for those who are no characters
	z        uint16
	from, to point // alike when it stands
	began    time.Time
	runSpeed float64
	running  bool
	sitting  bool
}

func newModel() model { return model{entities: map[uint16]*entity{}} }

func (e *entity) speed() float64 {
	if e.running {
		return e.runSpeed
	}
	return walkSpeed
}

// arrives returns when a walk ends.
func (e *entity) arrives() time.Time {
	length := math.Hypot(e.to.x-e.from.x, e.to.y-e.from.y)
	return e.began.Add(time.Duration(length / e.speed() * float64(time.Second)))
}

// at returns where the entity is.
func (e *entity) at(now time.Time) point {
	if !now.Before(e.arrives()) {
		return e.to
	}
	length := math.Hypot(e.to.x-e.from.x, e.to.y-e.from.y)
	part := max(0, e.speed()*now.Sub(e.began).Seconds()/length)
	return point{e.from.x + (e.to.x-e.from.x)*part, e.from.y + (e.to.y-e.from.y)*part}
}

func (e *entity) walk(now time.Time, to point) { e.from, e.to, e.began = e.at(now), to, now }
func (e *entity) put(now time.Time, at point)  { e.from, e.to, e.began = at, at, now }

// pace changes the speed of a walk under way.
func (e *entity) pace(now time.Time, change func()) {
	e.from, e.began = e.at(now), now
	change()
}

func pt(x, y float32) point { return point{float64(x), float64(y)} }

// apply takes in a packet. What names an entity out of sight is ignored, as
// the game client does.
func (m *model) apply(now time.Time, p packets.Packet) {
	switch p := p.(type) {
	case *packets.CharacterData:
		m.zone, m.uniqueID, m.name, m.start = p.Zone, p.UniqueID, p.Name, pt(p.X, p.Y)
	case *packets.Inventory:
		m.items = *p
	case *packets.JoinZoneReply:
		clear(m.entities)
		m.self = p.Entity
		m.entities[p.Entity] = &entity{
			id: p.Entity, name: m.name, from: m.start, to: m.start, began: now, runSpeed: defaultRunSpeed, running: true,
		}
	case *packets.SpawnCharacter:
		e := m.spawn(now, &p.Head)
		e.name, e.z = p.Name, p.Z
		if p.RunSpeed > 0 {
			e.runSpeed = float64(p.RunSpeed)
		}
	case *packets.SpawnNPC:
		m.spawn(now, &p.Head)
	case *packets.SpawnMonster:
		m.spawn(now, &p.Head)
	case *packets.RemoveEntities:
		for _, id := range p.Entities {
			if id != m.self {
				delete(m.entities, id)
			}
		}
	case *packets.LocalChat, *packets.Whisper, *packets.Shout, *packets.Announce:
		m.hear(now, p)
	default:
		m.applyMotion(now, p)
	}
}

func (m *model) applyMotion(now time.Time, p packets.Packet) {
	switch p := p.(type) {
	case *packets.Move:
		m.move(now, p)
	case *packets.MoveWithMode:
		if e := m.entities[p.Entity]; e != nil {
			e.pace(now, func() { e.running = p.Mode != packets.MoveWalk })
		}
		m.move(now, &p.Move)
	case *packets.Stop:
		if e := m.entities[p.Entity]; e != nil {
			e.put(now, pt(p.X, p.Y))
			e.z = p.Z
		}
	case *packets.AdjustPosition:
		if e := m.entities[p.Entity]; e != nil {
			e.put(now, pt(p.X, p.Y))
			e.z = uint16(p.Z) //nolint:gosec // the same 16 bits
		}
	case *packets.MoveToggle:
		if e := m.entities[p.Entity]; e != nil {
			e.pace(now, func() { e.toggle(p) })
		}
	case *packets.UpdateSpeed:
		if e := m.entities[p.Entity]; e != nil && p.RunSpeed > 0 {
			e.pace(now, func() { e.runSpeed = float64(p.RunSpeed) })
		}
	}
}

func (e *entity) toggle(p *packets.MoveToggle) {
	if p.Kind == packets.ToggledSit {
		e.sitting = !e.sitting
	} else {
		e.running = p.Kind != packets.ToggledWalk
	}
	if p.RunSpeed > 0 {
		e.runSpeed = float64(p.RunSpeed)
	}
}

func (m *model) spawn(now time.Time, h *packets.SpawnHead) *entity {
	e := &entity{id: h.Entity, runSpeed: defaultRunSpeed, running: h.MoveMode != packets.MoveWalk, sitting: h.Action == packets.ActionSit}
	e.put(now, pt(h.X, h.Y))
	if h.Action == packets.ActionMove {
		e.walk(now, pt(h.DestX, h.DestY))
	}
	m.entities[h.Entity] = e
	return e
}

func (m *model) move(now time.Time, p *packets.Move) {
	if e := m.entities[p.Entity]; e != nil {
		e.walk(now, pt(p.X, p.Y))
		e.z = p.Z
	}
}

// nextArrival returns when the next walk in sight ends, after now.
func (m *model) nextArrival(now time.Time) (time.Time, bool) {
	var next time.Time
	for _, e := range m.entities {
		if at := e.arrives(); at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, !next.IsZero()
}

func (m *model) hear(now time.Time, p packets.Packet) {
	h := Heard{At: now}
	switch p := p.(type) {
	case *packets.LocalChat:
		h.Kind, h.Text = HeardLocal, p.Text
		if e := m.entities[p.Entity]; e != nil {
			h.From = e.name
		}
	case *packets.Whisper:
		h.Kind, h.From, h.Text = HeardWhisper, p.From, p.Text
	case *packets.Shout:
		h.Kind, h.From, h.Text = HeardShout, p.From, p.Text
	case *packets.Announce:
		h.Kind, h.From, h.Text = HeardAnnounce, p.Name, p.Text
	}
	if len(m.heard) == MaxHeard {
		copy(m.heard, m.heard[1:])
		m.heard = m.heard[:MaxHeard-1]
	}
	m.heard = append(m.heard, h)
	m.texts++
}
