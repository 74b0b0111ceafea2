package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveRequest asks to walk to a point or to an entity.
type MoveRequest struct {
	Target uint16  // entity to walk to; 0 none
	X      float32 // centimetres
	Y      float32 // centimetres
	Z      uint16  // height in the client, centimetres
}

// Command returns 0x79a.
func (*MoveRequest) Command() uint16 { return 0x79a }

// Marshal codes the payload.
func (p *MoveRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Target)
	c.F32(&p.X)
	c.F32(&p.Y)
	c.U16(&p.Z)
}
