package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Whisper is speech for the receiver alone. Empty Text sent back to a whisperer
// means that nobody of that name is here.
type Whisper struct {
	From string // character name
	Text string // at most MaxChatText bytes
}

// Command returns 0x784.
func (*Whisper) Command() uint16 { return 0x784 }

// Marshal codes the payload.
func (p *Whisper) Marshal(c *wire.Codec) {
	c.CString(&p.From, MaxName)
	c.CString(&p.Text, MaxChatText)
}
