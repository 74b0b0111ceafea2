package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// AdjustPosition moves an entity to a point at once.
type AdjustPosition struct {
	Entity uint16
	X      float32 // centimetres
	Y      float32 // centimetres
	Z      int16   // centimetres
}

// Command returns 0x770.
func (*AdjustPosition) Command() uint16 { return 0x770 }

// Marshal codes the payload.
func (p *AdjustPosition) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.F32(&p.X)
	c.F32(&p.Y)
	c.I16(&p.Z)
}
