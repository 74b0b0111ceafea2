package packet

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// belongings is what a player has, as the client got it when it joined. Nothing in
// the world changes it. A request for a change is answered with the content of the
// slots, so that a client that has already moved an item moves it back.
type belongings struct {
	items       map[uint16]packets.FullItem // by item slot; empty ones are not in it
	money       int64
	skillPoints uint16
}

func belongingsOf(c *databasev1.Character, inv *packets.Inventory) belongings {
	b := belongings{
		items: map[uint16]packets.FullItem{}, money: inv.Money, skillPoints: u16(c.GetState().GetSkillPoints()),
	}
	for slot, it := range inv.Items {
		if it != (packets.FullItem{}) {
			b.items[uint16(slot)] = it //nolint:gosec // below SlotCount
		}
	}
	return b
}

// stay sends the content of some item slots. Slots that the client does not have
// are left out.
func (s *session) stay(slots ...uint16) {
	p := &packets.InventoryUpdate{}
	for _, slot := range slots {
		if slot != packets.SlotNone && slot < packets.SlotCount {
			p.Items = append(p.Items, packets.SlotItem{Slot: uint8(slot), Item: s.belongings.items[slot]})
		}
	}
	if len(p.Items) > 0 {
		s.send(p)
	}
}

// orNone is the slot of an optional field.
func orNone(slot *uint16) uint16 {
	if slot == nil {
		return packets.SlotNone
	}
	return *slot
}

func handleUseItem(_ context.Context, s *session, p *packets.UseItemRequest) error {
	s.stay(p.Slot)
	return nil
}

func handleDropItem(_ context.Context, s *session, p *packets.DropItemRequest) error {
	if p.Slot == packets.SlotNone {
		s.send(&packets.MoneyUpdate{Money: s.belongings.money})
		return nil
	}
	s.stay(uint16(p.Slot))
	return nil
}

func handleEquip(_ context.Context, s *session, p *packets.EquipRequest) error {
	s.stay(p.Place, orNone(p.Slot))
	return nil
}

func handleAmmo(_ context.Context, s *session, p *packets.AmmoRequest) error {
	s.stay(packets.SlotAmmo+uint16(p.Ammo), p.Slot)
	return nil
}

func handleBankMove(_ context.Context, s *session, p *packets.BankMoveRequest) error {
	if p.Kind == packets.BankPut {
		s.stay(uint16(p.Slot))
	}
	return nil
}

func handleCraft(_ context.Context, s *session, p *packets.CraftRequest) error {
	slots := []uint16{uint16(p.Slot)}
	if p.Kind == packets.CraftGem {
		slots = append(slots, p.Tool)
	}
	for _, m := range p.Materials {
		slots = append(slots, uint16(m))
	}
	s.stay(slots...)
	return nil
}

func handleVehiclePart(_ context.Context, s *session, p *packets.VehiclePartRequest) error {
	slots := []uint16{orNone(p.Slot)}
	if p.Part < packets.SlotCount-packets.SlotVehicle {
		slots = append(slots, packets.SlotVehicle+p.Part)
	}
	s.stay(slots...)
	return nil
}

func handleRepair(_ context.Context, s *session, p *packets.RepairRequest) error {
	s.stay(p.Tool, p.Slot)
	return nil
}

func handleRepairNPC(_ context.Context, s *session, p *packets.RepairNPCRequest) error {
	s.stay(p.Slot)
	return nil
}
