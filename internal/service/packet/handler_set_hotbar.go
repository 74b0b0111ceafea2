package packet

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleSetHotbar asks the world to change the quick bar. The client shows the
// change when the world has stored it and the gateway says so.
func handleSetHotbar(_ context.Context, s *session, p *packets.SetHotbarRequest) error {
	if !s.srv.world.setHotbar(s.player, p) {
		s.send(&packets.SetHotbar{Slot: p.Slot, Entry: p.Entry})
	}
	return nil
}

// setHotbar passes on a change of the quick bar, and keeps it in case the stream is
// lost: the world may have ended before it saved, so all changes since the player
// joined are sent again. It returns false if the world has no quick bars.
func (l *worldLink) setHotbar(p *player, r *packets.SetHotbarRequest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out != nil && !l.keepsHotbars {
		return false
	}
	if p.hotbar == nil {
		p.hotbar = map[uint8]packets.HotbarSlot{}
	}
	p.hotbar[r.Slot] = r.Entry
	if l.reaches(p) {
		offer(l.out, hotbarRequest(p, map[uint8]packets.HotbarSlot{r.Slot: r.Entry}))
	}
	return true
}

// restoreHotbar sends all changes of a player's quick bar. The caller holds mu.
func (l *worldLink) restoreHotbar(p *player) {
	if len(p.hotbar) > 0 && l.keepsHotbars {
		offer(l.out, hotbarRequest(p, p.hotbar))
	}
}

func hotbarRequest(p *player, slots map[uint8]packets.HotbarSlot) *worldv1.ConnectRequest {
	set := &worldv1.SetHotbar{}
	for slot := range uint8(packets.HotbarSlots) {
		if e, ok := slots[slot]; ok {
			set.Slots = append(set.Slots, &databasev1.HotbarSlot{Slot: uint32(slot), Kind: uint32(e.Kind), Index: uint32(e.Index)})
		}
	}
	return &worldv1.ConnectRequest{Player: p.id, Message: &worldv1.ConnectRequest_SetHotbar{SetHotbar: set}}
}

// hotbarSet tells clients the content of slots of their quick bars.
func (s *Server) hotbarSet(players []*player, set *worldv1.HotbarSet) {
	for _, slot := range set.GetSlots() {
		if slot.GetSlot() < packets.HotbarSlots {
			s.broadcast(players, &packets.SetHotbar{Slot: u8(slot.GetSlot()), Entry: hotbarSlot(slot)})
		}
	}
}

func hotbarSlot(m *databasev1.HotbarSlot) packets.HotbarSlot {
	return packets.HotbarSlot{Kind: u8(m.GetKind()), Index: u16(m.GetIndex())}
}

// hotbar is a character's quick bar as the client takes it.
func hotbar(c *databasev1.Character) (bar [packets.HotbarSlots]packets.HotbarSlot) {
	for _, m := range c.GetHotbar().GetSlots() {
		if m.GetSlot() < packets.HotbarSlots {
			bar[m.GetSlot()] = hotbarSlot(m)
		}
	}
	return bar
}
