package world

import (
	"github.com/waystone-mmo/waystone/internal/store/storepb"
	"math"
	"slices"

	"github.com/waystone-mmo/waystone/internal/game/zone"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// spawnChunk is how many entities are sent in one message at most, so that a
// message stays far below what gRPC accepts.
const spawnChunk = 200

// group is the receivers of an event that share a stream.
type group struct {
	stream  *stream
	players []uint64
}

// Emit sends an event of the zone to the gateways of its receivers, once to each
// gateway. The host's goroutine calls it.
func (h *host) Emit(to []zone.ID, e zone.Event) {
	groups := h.groups[:0]
	for _, id := range to {
		p := h.byEntity[id]
		if p == nil {
			continue
		}
		r := p.route.Load()
		if r == nil {
			continue
		}
		// There are few gateways: a linear search is faster than a map.
		i := slices.IndexFunc(groups, func(g group) bool { return g.stream == r.stream })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{stream: r.stream})
		}
		groups[i].players = append(groups[i].players, r.number)
	}
	if len(groups) > 0 {
		if s, ok := e.(*zone.Spawned); ok {
			for chunk := range slices.Chunk(s.Entities, spawnChunk) {
				h.send(groups, &zone.Spawned{Entities: chunk})
			}
		} else {
			h.send(groups, e)
		}
	}
	clear(groups)
	h.groups = groups
}

func (h *host) send(groups []group, e zone.Event) {
	m := h.encode(e)
	if m == nil {
		return
	}
	for _, g := range groups {
		g.stream.send(&worldv1.ConnectResponse{Players: g.players, Message: m.Message})
	}
}

// encode turns an event into a message without receivers; nil if there is no
// message for it.
func (h *host) encode(e zone.Event) *worldv1.ConnectResponse {
	m := &worldv1.ConnectResponse{}
	switch e := e.(type) {
	case *zone.Spawned:
		list := make([]*worldv1.Entity, 0, len(e.Entities))
		for _, v := range e.Entities {
			list = append(list, h.entity(v))
		}
		m.Message = &worldv1.ConnectResponse_Spawned{Spawned: &worldv1.Spawned{Entities: list}}
	case *zone.Removed:
		list := make([]uint32, len(e.IDs))
		for i, id := range e.IDs {
			list[i] = uint32(id)
		}
		m.Message = &worldv1.ConnectResponse_Removed{Removed: &worldv1.Removed{Entities: list}}
	case *zone.Moved:
		m.Message = &worldv1.ConnectResponse_Moved{Moved: &worldv1.Moved{
			Entity: uint32(e.ID), TargetEntity: uint32(e.Aim), Distance: whole(e.Distance),
			X: float32(e.Target.X), Y: float32(e.Target.Y), Z: e.Z, MoveMode: moveMode(e.Running),
		}}
	case *zone.Stopped:
		m.Message = &worldv1.ConnectResponse_Stopped{Stopped: &worldv1.Stopped{
			Entity: uint32(e.ID), X: float32(e.Pos.X), Y: float32(e.Pos.Y), Z: e.Z,
		}}
	case *zone.Toggled:
		m.Message = &worldv1.ConnectResponse_Toggled{Toggled: &worldv1.Toggled{
			Entity: uint32(e.ID), MoveMode: moveMode(e.Running), Sitting: e.Sitting, RunSpeed: whole(e.RunSpeed), Speed: whole(e.Speed),
		}}
	case *zone.Adjusted:
		m.Message = &worldv1.ConnectResponse_Adjusted{Adjusted: &worldv1.Adjusted{
			Entity: uint32(e.ID), X: float32(e.Pos.X), Y: float32(e.Pos.Y), Z: e.Z,
		}}
	case *zone.Emoted:
		m.Message = &worldv1.ConnectResponse_Emoted{Emoted: &worldv1.Emoted{
			Entity: uint32(e.ID), Motion: uint32(e.Motion), Flags: uint32(e.Flags),
		}}
	case *zone.Said:
		p := h.byEntity[e.ID]
		if p == nil {
			return nil
		}
		said := &worldv1.Said{
			Channel: worldv1.Channel_CHANNEL_LOCAL, Entity: uint32(e.ID), From: p.character.Name, Text: e.Text,
		}
		if e.Shout {
			said.Channel, said.Entity = worldv1.Channel_CHANNEL_SHOUT, 0
		}
		m.Message = &worldv1.ConnectResponse_Said{Said: said}
	default:
		return nil
	}
	return m
}

// entity describes an entity as other players see it.
func (h *host) entity(v zone.Entity) *worldv1.Entity {
	e := &worldv1.Entity{
		Id: uint32(v.ID), Zone: uint32(h.info.ID),
		X: float32(v.Pos.X), Y: float32(v.Pos.Y), Z: v.Z,
		TargetX: float32(v.Target.X), TargetY: float32(v.Target.Y),
		Moving: v.Walking, Sitting: v.Sitting, MoveMode: moveMode(v.Running),
		RunSpeed: whole(v.RunSpeed), Speed: whole(v.Speed),
	}
	if p := h.byEntity[v.ID]; p != nil {
		e.CharacterId, e.Name = p.character.ID.String(), p.character.Name
		e.Appearance = storepb.AppearancePB(p.character.Appearance)
		e.Hp, e.Mp = p.state.HP, p.state.MP
		e.Job, e.Level, e.Xp = uint32(p.state.Job), uint32(p.state.Level), p.state.XP
	}
	return e
}

func moveMode(running bool) worldv1.MoveMode {
	if running {
		return worldv1.MoveMode_MOVE_MODE_RUN
	}
	return worldv1.MoveMode_MOVE_MODE_WALK
}

// whole rounds a length or a speed, which are never negative and far below
// the limit.
func whole(v float64) uint32 { return uint32(math.Round(v)) }
