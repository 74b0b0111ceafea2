package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// JoinReply answers JoinRequest. If Result is not JoinOK, the rest is zero.
type JoinReply struct {
	Result     uint8  // a Join constant
	SequenceID uint32 // a number that the server chooses
	PayFlags   uint32 // what the account has paid for; 0xff is everything
}

// Command returns 0x70c.
func (*JoinReply) Command() uint16 { return 0x70c }

// Marshal codes the payload.
func (p *JoinReply) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.U32(&p.SequenceID)
	c.U32(&p.PayFlags)
}
