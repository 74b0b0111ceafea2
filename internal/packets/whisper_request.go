package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// WhisperRequest speaks to one character.
type WhisperRequest struct {
	To   string // character name
	Text string // at most MaxChatText bytes
}

// Command returns 0x784.
func (*WhisperRequest) Command() uint16 { return 0x784 }

// Marshal codes the payload.
func (p *WhisperRequest) Marshal(c *wire.Codec) {
	c.CString(&p.To, MaxName)
	c.CString(&p.Text, MaxChatText)
}
