package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PartyReplyRequest answers an invitation to a party.
type PartyReplyRequest struct {
	Kind   uint8  // a PartyReply constant
	Target uint32 // entity that invited
}

// Command returns 0x7d1.
func (*PartyReplyRequest) Command() uint16 { return 0x7d1 }

// Marshal codes the payload.
func (p *PartyReplyRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.U32(&p.Target)
}
