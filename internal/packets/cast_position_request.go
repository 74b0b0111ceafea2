package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CastPositionRequest casts a skill on a point.
type CastPositionRequest struct {
	Slot uint8 // skill slot
	X, Y float32
}

// Command returns 0x7b4.
func (*CastPositionRequest) Command() uint16 { return 0x7b4 }

// Marshal codes the payload.
func (p *CastPositionRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
	c.F32(&p.X)
	c.F32(&p.Y)
}
