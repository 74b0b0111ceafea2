package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RepairNPCRequest lets an NPC repair an item.
type RepairNPCRequest struct {
	NPC  uint16 // entity
	Slot uint16 // item slot
}

// Command returns 0x7cd.
func (*RepairNPCRequest) Command() uint16 { return 0x7cd }

// Marshal codes the payload.
func (p *RepairNPCRequest) Marshal(c *wire.Codec) {
	c.U16(&p.NPC)
	c.U16(&p.Slot)
}
