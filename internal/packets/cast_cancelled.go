package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CastCancelled says that an entity stops its cast.
type CastCancelled struct {
	Entity uint16
	Reason uint8 // a Cast constant
}

// Command returns 0x7bd.
func (*CastCancelled) Command() uint16 { return 0x7bd }

// Marshal codes the payload.
func (p *CastCancelled) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.U8(&p.Reason)
}
