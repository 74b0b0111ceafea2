package world

import (
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// setHotbar changes slots of a player's quick bar and tells him the new content. A
// slot that the client's protocol does not have is ignored. The quick bar is saved
// with the character's state, so that many changes need no more saves than walking
// does.
func (w *World) setHotbar(s *stream, p *player, set *worldv1.SetHotbar) error {
	return p.host.post(s.ctx, func() {
		if p.gone {
			return
		}
		answer := &worldv1.HotbarSet{}
		for _, m := range set.GetSlots() {
			n := m.GetSlot()
			if n >= store.HotbarSlots {
				continue
			}
			if slot, ok := storepb.HotbarSlot(m); ok && slot != p.hotbar[n] {
				p.hotbar[n], p.altered = slot, true
			}
			answer.Slots = append(answer.Slots, &databasev1.HotbarSlot{
				Slot: n, Kind: uint32(p.hotbar[n].Kind), Index: uint32(p.hotbar[n].Index),
			})
		}
		p.tell(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_HotbarSet{HotbarSet: answer}})
	})
}
