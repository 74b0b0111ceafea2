package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CreateCharacterReply answers CreateCharacterRequest.
type CreateCharacterReply struct {
	Result   uint8 // a Create constant
	Platinum bool  // the new character is in a premium slot
}

// Command returns 0x713.
func (*CreateCharacterReply) Command() uint16 { return 0x713 }

// Marshal codes the payload.
func (p *CreateCharacterReply) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.Bool8(&p.Platinum)
}
