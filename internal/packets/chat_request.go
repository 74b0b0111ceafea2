package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ChatRequest speaks to all in sight. Commands of the player begin with a slash.
type ChatRequest struct {
	Text string // at most MaxChatText bytes
}

// Command returns 0x783.
func (*ChatRequest) Command() uint16 { return 0x783 }

// Marshal codes the payload.
func (p *ChatRequest) Marshal(c *wire.Codec) {
	c.CString(&p.Text, MaxChatText)
}
