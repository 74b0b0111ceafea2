package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveToggleRequest switches running, sitting or driving.
type MoveToggleRequest struct {
	Kind uint8 // ToggleRun, ToggleSit or ToggleDrive
}

// Command returns 0x782.
func (*MoveToggleRequest) Command() uint16 { return 0x782 }

// Marshal codes the payload.
func (p *MoveToggleRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
}
