package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Whisper is chat for one player. If the sender gets a Whisper with empty Text, no
// player has that name.
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
