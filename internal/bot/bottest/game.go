package bottest

import (
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// How the one zone moves its characters, centimetres. They run ten times as
// fast as usual, so that tests are soon done.
const (
	runSpeed  = 4250
	walkSpeed = 200
	tolerance = 500
	bounds    = 30000 // from 520000 in each direction
	centre    = 520000
)

// entity is a character in the zone.
type entity struct {
	id               uint16
	fromX, fromY     float32
	toX, toY         float32
	began            time.Time
	walkSlowly, sits bool
}

func (e *entity) speed() float64 {
	if e.walkSlowly {
		return walkSpeed
	}
	return runSpeed
}

// at returns where the entity is and whether it walks.
func (e *entity) at(now time.Time) (x, y float32, walks bool) {
	dx, dy := float64(e.toX-e.fromX), float64(e.toY-e.fromY)
	length := math.Hypot(dx, dy)
	gone := e.speed() * now.Sub(e.began).Seconds()
	if gone >= length {
		return e.toX, e.toY, false
	}
	return e.fromX + float32(dx*gone/length), e.fromY + float32(dy*gone/length), true
}

func (e *entity) put(x, y float32) { e.fromX, e.fromY, e.toX, e.toY = x, y, x, y }

func (s *Server) handleGame(c *conn, p packets.Packet) error {
	if j, ok := p.(*packets.JoinRequest); ok && !c.ready {
		if !s.join(c, j) {
			return errSense
		}
		c.play.game = c
		ch := c.play.character
		s.send(c, &packets.CharacterData{Zone: 20, X: ch.x, Y: ch.y, UniqueID: ch.id, Name: ch.name, Level: 1})
		s.send(c, &packets.Inventory{})
		s.send(c, &packets.QuestData{})
		return nil
	}
	if !c.ready {
		return errSense
	}
	switch p.(type) {
	case *packets.JoinZoneRequest:
		if c.entity != nil {
			return errSense
		}
		s.enter(c)
		return nil
	case *packets.LogoutRequest:
		s.leave(c)
		s.send(c, &packets.LogoutResult{})
		if c.play.world != nil {
			_ = c.play.world.nc.Close()
		}
		return errSense
	case *packets.ReturnToSelectRequest:
		s.leave(c)
		s.send(c.play.world, &packets.ReturnToSelect{})
		s.send(c, &packets.LogoutResult{})
		if s.faults.KeepConnections {
			return nil
		}
		return errSense
	}
	if c.entity == nil {
		return errSense
	}
	return s.act(c, p)
}

// enter puts a character into the zone and shows it to all.
func (s *Server) enter(c *conn) {
	s.lastID++
	ch := c.play.character
	c.entity = &entity{id: uint16(s.lastID)} //nolint:gosec // a test does not come that far
	c.entity.put(ch.x, ch.y)
	s.send(c, &packets.JoinZoneReply{Entity: c.entity.id, HP: 50})
	s.send(c, &packets.UpdateSpeed{Entity: c.entity.id, RunSpeed: runSpeed, AttackSpeed: 100})
	for _, o := range s.entities {
		s.send(o, spawn(c))
		s.send(c, spawn(o))
	}
	s.entities[c.entity.id] = c
}

func spawn(c *conn) *packets.SpawnCharacter {
	e := c.entity
	x, y, walks := e.at(time.Now())
	p := &packets.SpawnCharacter{
		Head: packets.SpawnHead{Entity: e.id, X: x, Y: y, MoveMode: packets.MoveRun, HP: 50},
		Name: c.play.character.name, RunSpeed: runSpeed, Level: 1,
	}
	if e.walkSlowly {
		p.Head.MoveMode = packets.MoveWalk
	}
	if walks {
		p.Head.Action, p.Head.DestX, p.Head.DestY = packets.ActionMove, e.toX, e.toY
	}
	return p
}

// leave takes a character out of the zone and keeps where it stood.
func (s *Server) leave(c *conn) {
	if c.entity == nil {
		return
	}
	ch := c.play.character
	if !s.faults.ForgetPosition {
		ch.x, ch.y, _ = c.entity.at(time.Now())
	}
	id := c.entity.id
	delete(s.entities, id)
	c.entity = nil
	s.tell(&packets.RemoveEntities{Entities: []uint16{id}})
}

// tell sends to everybody in the zone.
func (s *Server) tell(p packets.Packet) {
	for _, o := range s.entities {
		s.send(o, p)
	}
}

func (s *Server) act(c *conn, p packets.Packet) error {
	now, e, name := time.Now(), c.entity, c.play.character.name
	x, y, _ := e.at(now)
	switch p := p.(type) {
	case *packets.MoveRequest:
		if e.sits || !inside(p.X) || !inside(p.Y) {
			s.refuse(c, x, y)
			return nil
		}
		e.fromX, e.fromY, e.toX, e.toY, e.began = x, y, p.X, p.Y, now
		s.tell(&packets.Move{Entity: e.id, X: p.X, Y: p.Y, Distance: uint16(min(math.MaxUint16, apart(x, y, p.X, p.Y)))})
	case *packets.StopRequest:
		if apart(x, y, p.X, p.Y) > tolerance {
			s.refuse(c, x, y)
			return nil
		}
		e.put(p.X, p.Y)
		s.tell(&packets.Stop{Entity: e.id, X: p.X, Y: p.Y})
	case *packets.MoveToggleRequest:
		e.fromX, e.fromY, e.began = x, y, now
		reply := &packets.MoveToggle{Entity: e.id, Kind: packets.ToggledRun, RunSpeed: runSpeed}
		if p.Kind == packets.ToggleSit {
			e.sits = !e.sits
			reply.Kind, reply.RunSpeed = packets.ToggledSit, 0
			e.put(x, y)
		} else {
			e.walkSlowly = !e.walkSlowly
			if e.walkSlowly {
				reply.Kind = packets.ToggledWalk
			}
		}
		s.tell(reply)
	case *packets.EmoteRequest:
		s.tell(&packets.Emote{Entity: e.id, Motion: p.Motion, Flags: p.Flags})
	case *packets.ChatRequest:
		s.tell(&packets.LocalChat{Entity: e.id, Text: p.Text})
	case *packets.ShoutRequest:
		s.tell(&packets.Shout{From: name, Text: p.Text})
	case *packets.WhisperRequest:
		for _, o := range s.entities {
			if o.play.character.name == p.To {
				s.send(o, &packets.Whisper{From: name, Text: p.Text})
				return nil
			}
		}
		s.send(c, &packets.Whisper{From: p.To})
	default:
		return errSense
	}
	return nil
}

func (s *Server) refuse(c *conn, x, y float32) {
	c.entity.put(x, y)
	s.send(c, &packets.AdjustPosition{Entity: c.entity.id, X: x, Y: y})
}

func inside(v float32) bool { return math.Abs(float64(v)-centre) <= bounds }

func apart(x, y, toX, toY float32) float64 { return math.Hypot(float64(toX-x), float64(toY-y)) }
