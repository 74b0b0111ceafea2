package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// WarpGateRequest says that the character touched a warp gate.
type WarpGateRequest struct {
	Gate uint16     // row in the client's list of gates
	At   *GatePlace // the classic client sends it, the open one does not
}

// GatePlace is where the client stands, centimetres.
type GatePlace struct{ X, Y float32 }

// Command returns 0x7a8.
func (*WarpGateRequest) Command() uint16 { return 0x7a8 }

// Marshal codes the payload.
func (p *WarpGateRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Gate)
	wire.Optional(c, &p.At, func(c *wire.Codec, at *GatePlace) {
		c.F32(&at.X)
		c.F32(&at.Y)
	})
}
