package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// LocalChat is chat for all who see the speaker.
type LocalChat struct {
	Entity uint16 // the speaker
	Text   string // at most MaxChatText bytes
}

// Command returns 0x783.
func (*LocalChat) Command() uint16 { return 0x783 }

// Marshal codes the payload.
func (p *LocalChat) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.CString(&p.Text, MaxChatText)
}
