package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// EquipRequest puts on an item, or takes off a worn one.
type EquipRequest struct {
	Place uint16  // SlotFace to SlotEarring
	Slot  *uint16 // item slot of the item to put on; 0 or none to take off
}

// Command returns 0x7a5.
func (*EquipRequest) Command() uint16 { return 0x7a5 }

// Marshal codes the payload.
func (p *EquipRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Place)
	wire.Optional(c, &p.Slot, (*wire.Codec).U16)
}
