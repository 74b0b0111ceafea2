package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Announce shows a text to all players.
type Announce struct {
	Text string // at most MaxAnnounceText bytes
	Name string // the speaker, at most MaxName bytes; not sent if empty
}

// Command returns 0x702.
func (*Announce) Command() uint16 { return 0x702 }

// Marshal codes the payload.
func (p *Announce) Marshal(c *wire.Codec) {
	c.CString(&p.Text, MaxAnnounceText)
	if c.Remaining() == 0 && p.Name == "" {
		return
	}
	c.CString(&p.Name, MaxName)
	if p.Name == "" {
		c.Fail(wire.ErrValue, "an empty name, which must be left out")
	}
}
