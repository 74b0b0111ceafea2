package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Inventory tells a client everything that its character owns.
type Inventory struct {
	Money int64
	Items [SlotCount]FullItem // by item slot; SlotNone is always empty
}

// Command returns 0x716.
func (*Inventory) Command() uint16 { return 0x716 }

// Marshal codes the payload.
func (p *Inventory) Marshal(c *wire.Codec) {
	c.I64(&p.Money)
	at := c.Offset()
	items(c, p.Items[:])
	if p.Items[SlotNone] != (FullItem{}) {
		c.Fail(wire.ErrValue, "an item in slot 0, at byte %d", at)
	}
}
