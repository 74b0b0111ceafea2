package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PartyReply tells the result of an invitation or a change of a party.
type PartyReply struct {
	Kind   uint8  // a PartyReply constant
	Target uint32 // an entity, or the unique id of a character
}

// Command returns 0x7d1.
func (*PartyReply) Command() uint16 { return 0x7d1 }

// Marshal codes the payload.
func (p *PartyReply) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.U32(&p.Target)
}
