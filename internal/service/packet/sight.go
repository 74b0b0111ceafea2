package packet

import (
	"math"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// sight is what a client shows, and what it is still to be shown.
//
// A client that enters a crowd must show thousands of entities at once. They need
// much more space than a send queue has. So entities are sent only as fast as the
// client reads them; the others are unseen and wait here. An event of an unseen
// entity only changes how it will be shown, so that the client never gets an event
// of an entity that it does not know.
//
// The lock is held while a packet about an entity is queued for the client, so that
// the queue has the order of the events.
type sight struct {
	mu     sync.Mutex
	shown  map[uint32]struct{}
	unseen map[uint32]*unseen
	order  []*unseen           // also entities that have left the sight again
	sits   map[uint32]struct{} // entities that sit in the client, also its own
}

// unseen is an entity that is in sight and has not been shown.
type unseen struct {
	entity *worldv1.Entity // the world's message, until own
	own    bool            // entity is a copy, which may be changed
	since  time.Time       // when it was as entity says
	gone   bool
}

func newSight() *sight {
	return &sight{shown: map[uint32]struct{}{}, unseen: map[uint32]*unseen{}, sits: map[uint32]struct{}{}}
}

// sit notes whether an entity sits, and returns whether the client must be told.
// The caller holds mu.
func (v *sight) sit(id uint32, sitting bool) bool {
	_, before := v.sits[id]
	if sitting {
		v.sits[id] = struct{}{}
	} else {
		delete(v.sits, id)
	}
	return sitting != before
}

// wait adds an entity to the end of the waiting ones. The caller holds mu.
func (v *sight) wait(e *worldv1.Entity) {
	v.cancel(e.GetId())
	u := &unseen{entity: e, since: time.Now()}
	v.unseen[e.GetId()] = u
	v.order = append(v.order, u)
}

// cancel removes an unseen entity, and returns whether it was one. The caller holds
// mu.
func (v *sight) cancel(id uint32) bool {
	u := v.unseen[id]
	if u == nil {
		return false
	}
	u.gone = true
	delete(v.unseen, id)
	return true
}

// next removes and returns the entity that has waited longest; nil if there is
// none. The caller holds mu.
func (v *sight) next() *unseen {
	for len(v.order) > 0 {
		u := v.order[0]
		v.order[0] = nil
		v.order = v.order[1:]
		if !u.gone {
			return u
		}
	}
	return nil
}

// change lets f change how an entity will be shown, beginning with its present
// state.
func (u *unseen) change(f func(e *worldv1.Entity)) {
	if !u.own {
		u.entity, u.own = proto.CloneOf(u.entity), true
	}
	e, now := u.entity, time.Now()
	if e.GetMoving() {
		way := math.Hypot(float64(e.GetTargetX()-e.GetX()), float64(e.GetTargetY()-e.GetY()))
		if gone := float64(e.GetSpeed()) * now.Sub(u.since).Seconds(); gone < way {
			part := float32(gone / way)
			e.X += (e.GetTargetX() - e.GetX()) * part
			e.Y += (e.GetTargetY() - e.GetY()) * part
		} else {
			e.X, e.Y, e.Moving = e.GetTargetX(), e.GetTargetY(), false
		}
	}
	u.since = now
	f(e)
}

func (u *unseen) moved(m *worldv1.Moved) {
	u.change(func(e *worldv1.Entity) {
		e.TargetX, e.TargetY, e.Z, e.MoveMode = m.GetX(), m.GetY(), m.GetZ(), m.GetMoveMode()
		e.Moving = e.GetX() != m.GetX() || e.GetY() != m.GetY()
	})
}

func (u *unseen) stopped(m *worldv1.Stopped) {
	u.change(func(e *worldv1.Entity) {
		e.X, e.Y, e.Z, e.Moving = m.GetX(), m.GetY(), m.GetZ(), false
		e.TargetX, e.TargetY = m.GetX(), m.GetY()
	})
}

func (u *unseen) toggled(m *worldv1.Toggled) {
	u.change(func(e *worldv1.Entity) {
		e.MoveMode, e.Sitting, e.RunSpeed = m.GetMoveMode(), m.GetSitting(), m.GetRunSpeed()
		if m.GetSpeed() > 0 {
			e.Speed = m.GetSpeed()
		}
	})
}

// appearance returns the packets that show an entity in a client. The spawn says
// where it walks; the move makes the client start.
func appearance(e *worldv1.Entity) []packets.Packet {
	list := []packets.Packet{spawn(e)}
	if e.GetMoving() {
		list = append(list, underWay(e))
	}
	return list
}

// show shows an entity to the clients that can take it now, and lets it wait for
// the others.
func (s *Server) show(players []*player, e *worldv1.Entity) {
	var sealed []*bufferpool.Shared // made for the first that takes it
	for _, p := range players {
		p.sight.mu.Lock()
		if len(p.sight.unseen) > 0 || p.conn.Busy() {
			p.sight.wait(e)
		} else {
			if sealed == nil {
				sealed = s.sealAll(appearance(e))
			}
			p.sight.shown[e.GetId()] = struct{}{}
			p.sight.sit(e.GetId(), e.GetSitting())
			for _, b := range sealed {
				b.Retain()
				p.conn.SendSealed(b)
			}
		}
		p.sight.mu.Unlock()
	}
	for _, b := range sealed {
		b.Release()
	}
}

// showMore shows waiting entities until the client's queue is full enough.
func (s *Server) showMore(p *player) {
	p.sight.mu.Lock()
	defer p.sight.mu.Unlock()
	for !p.conn.Busy() {
		u := p.sight.next()
		if u == nil {
			return
		}
		s.reveal(p, u)
	}
}

// reveal shows an unseen entity. The caller holds the lock of the sight.
func (s *Server) reveal(p *player, u *unseen) {
	u.change(func(*worldv1.Entity) {})
	id := u.entity.GetId()
	p.sight.cancel(id)
	p.sight.shown[id] = struct{}{}
	p.sight.sit(id, u.entity.GetSitting())
	for _, packet := range appearance(u.entity) {
		p.conn.Send(packet)
	}
}

// hide removes entities from clients' sight. If an entity was not shown yet, it is
// only removed from the waiting ones.
func (s *Server) hide(players []*player, ids []uint32) {
	all := s.sealAll(removals(ids))
	for _, p := range players {
		p.sight.mu.Lock()
		known := make([]uint32, 0, len(ids))
		for _, id := range ids {
			if !p.sight.cancel(id) {
				known = append(known, id)
			}
			delete(p.sight.shown, id)
			delete(p.sight.sits, id)
		}
		if len(known) == len(ids) {
			for _, b := range all {
				b.Retain()
				p.conn.SendSealed(b)
			}
		} else {
			for _, r := range removals(known) {
				p.conn.Send(r)
			}
		}
		p.sight.mu.Unlock()
	}
	for _, b := range all {
		b.Release()
	}
}

// forget makes a client remove all entities; the world sends them again.
func (s *Server) forget(p *player) {
	v := p.sight
	v.mu.Lock()
	defer v.mu.Unlock()
	ids := make([]uint32, 0, len(v.shown))
	for id := range v.shown {
		ids = append(ids, id)
		delete(v.sits, id) // and not its own entity's, which stays
	}
	slices.Sort(ids)
	clear(v.shown)
	clear(v.unseen)
	v.order = nil
	for _, r := range removals(ids) {
		p.conn.Send(r)
	}
}

// tellToggled tells clients how an entity moves from now on, or that it sits down
// or stands up. If sitting or standing has changed for a client, it gets only this.
func (s *Server) tellToggled(players []*player, m *worldv1.Toggled) {
	all := s.sealAll([]packets.Packet{switched(m), sitOrStand(m.GetEntity())})
	if len(all) == 2 {
		for _, p := range players {
			p.sight.mu.Lock()
			if u := p.sight.unseen[m.GetEntity()]; u != nil {
				u.toggled(m)
			} else {
				b := all[0]
				if p.sight.sit(m.GetEntity(), m.GetSitting()) {
					b = all[1]
				}
				b.Retain()
				p.conn.SendSealed(b)
			}
			p.sight.mu.Unlock()
		}
	}
	for _, b := range all {
		b.Release()
	}
}

// tellOf sends clients an event of an entity. If the entity is unseen for a client,
// it calls waits instead; if waits is nil, it shows the entity first.
func (s *Server) tellOf(players []*player, entity uint32, packet packets.Packet, waits func(*unseen)) {
	sealed := s.sealAll([]packets.Packet{packet})
	for _, p := range players {
		p.sight.mu.Lock()
		u := p.sight.unseen[entity]
		if u != nil && waits != nil {
			waits(u)
		} else {
			if u != nil {
				s.reveal(p, u)
			}
			for _, b := range sealed {
				b.Retain()
				p.conn.SendSealed(b)
			}
		}
		p.sight.mu.Unlock()
	}
	for _, b := range sealed {
		b.Release()
	}
}

// sealAll encodes and enciphers packets for many receivers. It leaves out a packet
// that cannot be encoded: a text that the client's protocol cannot carry must not
// end the connections of all its receivers.
func (s *Server) sealAll(list []packets.Packet) []*bufferpool.Shared {
	all := make([]*bufferpool.Shared, 0, len(list))
	for _, p := range list {
		b, err := connection.Seal(s.pool, s.tables[packets.Game], p)
		if err != nil {
			s.log.Error("an event of the world cannot be encoded", "cause", err.Error())
			continue
		}
		all = append(all, b)
	}
	return all
}
