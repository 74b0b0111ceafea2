package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// StoreClosed says that a player's store is closed.
type StoreClosed struct {
	Entity uint16
}

// Command returns 0x7c3.
func (*StoreClosed) Command() uint16 { return 0x7c3 }

// Marshal codes the payload.
func (p *StoreClosed) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
}
