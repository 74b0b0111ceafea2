package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SelectCharacterRequest chooses the character to play; MoveServer answers it.
type SelectCharacterRequest struct {
	Slot uint8  // 0–4, index in the last list
	Run  uint8  // whether the client starts running; the server ignores it
	Ride uint8  // whether it starts riding; the server ignores it
	Name string // must match the slot
}

// Command returns 0x715.
func (*SelectCharacterRequest) Command() uint16 { return 0x715 }

// Marshal codes the payload.
func (p *SelectCharacterRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
	c.U8(&p.Run)
	c.U8(&p.Ride)
	c.CString(&p.Name, MaxName)
}
