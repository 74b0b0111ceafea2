package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SetHotbar tells the content of a slot of the quick bar.
type SetHotbar struct {
	Slot  uint8 // 0–31
	Entry HotbarSlot
}

// Command returns 0x7aa.
func (*SetHotbar) Command() uint16 { return 0x7aa }

// Marshal codes the payload.
func (p *SetHotbar) Marshal(c *wire.Codec) { marshalSetHotbar(c, &p.Slot, &p.Entry) }
