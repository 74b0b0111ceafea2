package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CastSelfRequest casts a skill on the character itself.
type CastSelfRequest struct {
	Slot uint8 // skill slot
}

// Command returns 0x7b2.
func (*CastSelfRequest) Command() uint16 { return 0x7b2 }

// Marshal codes the payload.
func (p *CastSelfRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
}
