package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Shout is chat for the whole zone.
type Shout struct {
	From string // character name
	Text string // at most MaxChatText bytes
}

// Command returns 0x785.
func (*Shout) Command() uint16 { return 0x785 }

// Marshal codes the payload.
func (p *Shout) Marshal(c *wire.Codec) {
	c.CString(&p.From, MaxName)
	c.CString(&p.Text, MaxChatText)
}
