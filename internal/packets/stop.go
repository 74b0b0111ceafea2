package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Stop stops an entity at a point.
type Stop struct {
	Entity uint16
	X      float32 // centimetres
	Y      float32 // centimetres
	Z      uint16  // centimetres
}

// Command returns 0x796.
func (*Stop) Command() uint16 { return 0x796 }

// Marshal codes the payload.
func (p *Stop) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.F32(&p.X)
	c.F32(&p.Y)
	c.U16(&p.Z)
}
