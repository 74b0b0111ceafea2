package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveCollisionRequest says that an obstacle stopped the character.
type MoveCollisionRequest struct {
	X float32 // centimetres
	Y float32 // centimetres
	Z int16   // centimetres
}

// Command returns 0x771.
func (*MoveCollisionRequest) Command() uint16 { return 0x771 }

// Marshal codes the payload.
func (p *MoveCollisionRequest) Marshal(c *wire.Codec) {
	c.F32(&p.X)
	c.F32(&p.Y)
	c.I16(&p.Z)
}
