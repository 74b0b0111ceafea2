package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Move tells where an entity goes. The client moves it there at its speed; single
// steps are not sent.
type Move struct {
	Entity   uint16
	Target   uint16  // entity that it walks to; 0 none
	Distance uint16  // centimetres to go, at most 65535
	X, Y     float32 // where it goes
	Z        uint16  // centimetres
}

// Command returns 0x79a.
func (*Move) Command() uint16 { return 0x79a }

// Marshal codes the payload.
func (p *Move) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.U16(&p.Target)
	c.U16(&p.Distance)
	c.F32(&p.X)
	c.F32(&p.Y)
	c.U16(&p.Z)
}
