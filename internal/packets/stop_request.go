package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// StopRequest says that the character stopped. The position is the client's own.
type StopRequest struct {
	X float32 // centimetres
	Y float32 // centimetres
	Z uint16  // centimetres
}

// Command returns 0x796.
func (*StopRequest) Command() uint16 { return 0x796 }

// Marshal codes the payload.
func (p *StopRequest) Marshal(c *wire.Codec) {
	c.F32(&p.X)
	c.F32(&p.Y)
	c.U16(&p.Z)
}
