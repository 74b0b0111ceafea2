package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// InventoryUpdate tells the new content of some item slots.
type InventoryUpdate struct{ Items []SlotItem }

// SlotItem is the content of an item slot; an empty item means an empty slot.
type SlotItem struct {
	Slot uint8
	Item FullItem
}

// Command returns 0x718.
func (*InventoryUpdate) Command() uint16 { return 0x718 }

// Marshal codes the payload.
func (p *InventoryUpdate) Marshal(c *wire.Codec) {
	wire.Counted(c, &p.Items, SlotCount, func(s *SlotItem, c *wire.Codec) {
		c.U8(&s.Slot)
		s.Item.marshal(c)
	})
}
