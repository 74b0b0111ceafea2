package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// UpdateSpeed tells the new speed of an entity.
type UpdateSpeed struct {
	Entity      uint16
	RunSpeed    uint16 // centimetres a second
	AttackSpeed uint16 // passive, in percent
	Weight      uint8  // load in percent
}

// Command returns 0x7b8.
func (*UpdateSpeed) Command() uint16 { return 0x7b8 }

// Marshal codes the payload.
func (p *UpdateSpeed) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.U16(&p.RunSpeed)
	c.U16(&p.AttackSpeed)
	c.U8(&p.Weight)
}
