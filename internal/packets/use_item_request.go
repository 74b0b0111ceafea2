package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// UseItemRequest uses the item in an item slot.
type UseItemRequest struct {
	Slot   uint16
	Target *uint16 // entity; 0 none
}

// Command returns 0x7a3.
func (*UseItemRequest) Command() uint16 { return 0x7a3 }

// Marshal codes the payload.
func (p *UseItemRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Slot)
	wire.Optional(c, &p.Target, (*wire.Codec).U16)
}
