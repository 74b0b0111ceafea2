package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SpawnNPC shows an NPC.
type SpawnNPC struct {
	Head      SpawnHead
	NPC       uint16  // row in the client's list
	Quest     uint16  // quest mark
	Direction float32 // degrees
	Event     uint16  // event state
	Status    StatusValues
}

// Command returns 0x791.
func (*SpawnNPC) Command() uint16 { return 0x791 }

// Marshal codes the payload.
func (p *SpawnNPC) Marshal(c *wire.Codec) {
	p.Head.marshal(c)
	c.U16(&p.NPC)
	c.U16(&p.Quest)
	c.F32(&p.Direction)
	c.U16(&p.Event)
	p.Status.marshal(c, p.Head.StatusFlags)
}
