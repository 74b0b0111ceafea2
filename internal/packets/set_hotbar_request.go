package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SetHotbarRequest asks to change a slot of the quick bar.
type SetHotbarRequest struct {
	Slot  uint8 // 0–31
	Entry HotbarSlot
}

// Command returns 0x7aa.
func (*SetHotbarRequest) Command() uint16 { return 0x7aa }

// Marshal codes the payload.
func (p *SetHotbarRequest) Marshal(c *wire.Codec) { marshalSetHotbar(c, &p.Slot, &p.Entry) }
