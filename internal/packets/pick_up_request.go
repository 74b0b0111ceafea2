package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PickUpRequest picks up an item from the ground.
type PickUpRequest struct {
	Drop uint16 // entity
}

// Command returns 0x7a7.
func (*PickUpRequest) Command() uint16 { return 0x7a7 }

// Marshal codes the payload.
func (p *PickUpRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Drop)
}
