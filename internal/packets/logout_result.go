package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// LogoutResult tells how long the player must wait before leaving.
type LogoutResult struct {
	Seconds uint16 // 0 leaves at once
}

// Command returns 0x707.
func (*LogoutResult) Command() uint16 { return 0x707 }

// Marshal codes the payload.
func (p *LogoutResult) Marshal(c *wire.Codec) {
	c.U16(&p.Seconds)
}
