package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ShopResult says why an NPC does not trade.
type ShopResult struct {
	Result uint8 // a Shop constant
}

// Command returns 0x7a1.
func (*ShopResult) Command() uint16 { return 0x7a1 }

// Marshal codes the payload.
func (p *ShopResult) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
}
