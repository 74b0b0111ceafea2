package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PickUpResult answers PickUpRequest.
type PickUpResult struct {
	Drop   uint16 // entity
	Result uint8  // a PickUp constant
	Slot   uint16 // item slot of the item now; SlotNone for money and after a refusal
	Item   FullItem
}

// Command returns 0x7a7.
func (*PickUpResult) Command() uint16 { return 0x7a7 }

// Marshal codes the payload.
func (p *PickUpResult) Marshal(c *wire.Codec) {
	c.U16(&p.Drop)
	c.U8(&p.Result)
	c.U16(&p.Slot)
	p.Item.marshal(c)
}
