package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CastTargetRequest casts a skill on an entity.
type CastTargetRequest struct {
	Target uint16 // entity
	Slot   uint8  // skill slot
}

// Command returns 0x7b3.
func (*CastTargetRequest) Command() uint16 { return 0x7b3 }

// Marshal codes the payload.
func (p *CastTargetRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Target)
	c.U8(&p.Slot)
}
