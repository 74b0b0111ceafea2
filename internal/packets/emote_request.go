package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// EmoteRequest plays a motion.
type EmoteRequest struct {
	Motion uint16 // row in the client's list of motions
	Flags  uint16 // bits; all are passed on
}

// Command returns 0x781.
func (*EmoteRequest) Command() uint16 { return 0x781 }

// Marshal codes the payload.
func (p *EmoteRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Motion)
	c.U16(&p.Flags)
}
