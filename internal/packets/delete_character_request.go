package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// DeleteCharacterRequest marks a character for deletion or removes the mark.
type DeleteCharacterRequest struct {
	Slot   uint8  // 0–4, index in the last list
	Delete bool   // true marks, false restores
	Name   string // must match the slot
}

// Command returns 0x714.
func (*DeleteCharacterRequest) Command() uint16 { return 0x714 }

// Marshal codes the payload.
func (p *DeleteCharacterRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
	c.Bool8(&p.Delete)
	c.CString(&p.Name, MaxName)
}
