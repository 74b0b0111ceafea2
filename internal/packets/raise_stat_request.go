package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RaiseStatRequest spends stat points.
type RaiseStatRequest struct {
	Stat uint8 // 0–5: strength, dexterity, intelligence, concentration, charm, sense
}

// Command returns 0x7a9.
func (*RaiseStatRequest) Command() uint16 { return 0x7a9 }

// Marshal codes the payload.
func (p *RaiseStatRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Stat)
}
