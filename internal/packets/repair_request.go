package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RepairRequest repairs an item with another item.
type RepairRequest struct {
	Tool uint16 // item slot
	Slot uint16 // item slot of the item to repair
}

// Command returns 0x7cb.
func (*RepairRequest) Command() uint16 { return 0x7cb }

// Marshal codes the payload.
func (p *RepairRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Tool)
	c.U16(&p.Slot)
}
