package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// DropItemRequest drops items of one slot, or money.
type DropItemRequest struct {
	Slot     uint8 // item slot; SlotNone for money
	Quantity uint32
}

// Command returns 0x7a4.
func (*DropItemRequest) Command() uint16 { return 0x7a4 }

// Marshal codes the payload.
func (p *DropItemRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
	c.U32(&p.Quantity)
}
