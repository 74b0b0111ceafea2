package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ClanCommand is any of the client's clan commands, also at character selection.
type ClanCommand struct {
	Kind uint8  // which command
	Args []byte // the rest, by kind; at most MaxClanArgs bytes
}

// Command returns 0x7e0.
func (*ClanCommand) Command() uint16 { return 0x7e0 }

// Marshal codes the payload.
func (p *ClanCommand) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.Rest(&p.Args, MaxClanArgs)
}
