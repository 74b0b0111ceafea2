package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// AttackRequest attacks an entity.
type AttackRequest struct {
	Target uint16 // entity
}

// Command returns 0x798.
func (*AttackRequest) Command() uint16 { return 0x798 }

// Marshal codes the payload.
func (p *AttackRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Target)
}
