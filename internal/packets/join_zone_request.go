package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// JoinZoneRequest says that the client has loaded its zone.
type JoinZoneRequest struct {
	Weight uint8  // load in percent of the maximum
	Z      uint16 // height of the ground in the client, centimetres
}

// Command returns 0x753.
func (*JoinZoneRequest) Command() uint16 { return 0x753 }

// Marshal codes the payload.
func (p *JoinZoneRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Weight)
	c.U16(&p.Z)
}
