package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// AmmoRequest loads or removes ammunition.
type AmmoRequest struct {
	Ammo uint8  // 0–3: arrow, bullet, throw
	Slot uint16 // 0–16383, item slot; SlotNone to remove
}

// Command returns 0x7ab.
func (*AmmoRequest) Command() uint16 { return 0x7ab }

// Marshal codes the payload.
func (p *AmmoRequest) Marshal(c *wire.Codec) {
	b := c.Bits(2)
	b.U8(&p.Ammo, 2)
	b.U16(&p.Slot, 14)
	b.End()
}
