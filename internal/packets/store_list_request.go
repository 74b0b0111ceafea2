package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// StoreListRequest asks for the items of a player's store.
type StoreListRequest struct {
	Store uint16 // entity of its owner
}

// Command returns 0x7c4.
func (*StoreListRequest) Command() uint16 { return 0x7c4 }

// Marshal codes the payload.
func (p *StoreListRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Store)
}
