package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoneyUpdate tells how much money the character has now.
type MoneyUpdate struct {
	Money int64
}

// Command returns 0x71d.
func (*MoneyUpdate) Command() uint16 { return 0x71d }

// Marshal codes the payload.
func (p *MoneyUpdate) Marshal(c *wire.Codec) {
	c.I64(&p.Money)
}
