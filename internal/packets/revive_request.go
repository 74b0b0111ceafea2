package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ReviveRequest asks to revive after death.
type ReviveRequest struct {
	Kind uint8 // ReviveHere or ReviveSaved
}

// Command returns 0x755.
func (*ReviveRequest) Command() uint16 { return 0x755 }

// Marshal codes the payload.
func (p *ReviveRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
}
