package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// PartyRulesRequest sets how a party shares items and experience.
type PartyRulesRequest struct {
	Rules uint8 // bits: 0x80 items in turn, 0x01 experience by level
}

// Command returns 0x7d7.
func (*PartyRulesRequest) Command() uint16 { return 0x7d7 }

// Marshal codes the payload.
func (p *PartyRulesRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Rules)
}
