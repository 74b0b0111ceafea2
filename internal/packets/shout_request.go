package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ShoutRequest speaks to the whole zone.
type ShoutRequest struct {
	Text string // at most MaxChatText bytes
}

// Command returns 0x785.
func (*ShoutRequest) Command() uint16 { return 0x785 }

// Marshal codes the payload.
func (p *ShoutRequest) Marshal(c *wire.Codec) {
	c.CString(&p.Text, MaxChatText)
}
