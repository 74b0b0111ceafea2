package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PartyRequest creates a party, invites to it, leaves it or changes it.
type PartyRequest struct {
	Kind   uint8  // a Party constant
	Target uint32 // entity; for PartyKick the unique id of a character
}

// Command returns 0x7d0.
func (*PartyRequest) Command() uint16 { return 0x7d0 }

// Marshal codes the payload.
func (p *PartyRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.U32(&p.Target)
}
