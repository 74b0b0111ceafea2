package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ShopRequest buys from an NPC and sells to it in one packet.
type ShopRequest struct {
	NPC         uint16 // entity
	EconomyTime uint32 // time of the prices that the client knows
	Buys        []ShopBuy
	Sells       []ShopSell
}

// ShopBuy is a number of one item that the NPC offers.
type ShopBuy struct {
	Tab, Row uint8 // position in the NPC's window
	Quantity uint16
}

// ShopSell is a number of items in an item slot.
type ShopSell struct {
	Slot     uint8
	Quantity uint16
}

// Command returns 0x7a1.
func (*ShopRequest) Command() uint16 { return 0x7a1 }

// Marshal codes the payload.
func (p *ShopRequest) Marshal(c *wire.Codec) {
	c.U16(&p.NPC)
	buys := wire.Count(c, len(p.Buys), MaxShopTrades)
	sells := wire.Count(c, len(p.Sells), MaxShopTrades)
	c.U32(&p.EconomyTime)
	wire.Elements(c, &p.Buys, buys, func(b *ShopBuy, c *wire.Codec) {
		c.U8(&b.Tab)
		c.U8(&b.Row)
		c.U16(&b.Quantity)
	})
	wire.Elements(c, &p.Sells, sells, func(s *ShopSell, c *wire.Codec) {
		c.U8(&s.Slot)
		c.U16(&s.Quantity)
	})
}
