package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Emote shows the motion of a character.
type Emote struct {
	Motion uint16 // row in the client's list of motions
	Flags  uint16 // bits as the client sent them
	Entity uint16 // the character
}

// Command returns 0x781.
func (*Emote) Command() uint16 { return 0x781 }

// Marshal codes the payload.
func (p *Emote) Marshal(c *wire.Codec) {
	c.U16(&p.Motion)
	c.U16(&p.Flags)
	c.U16(&p.Entity)
}
