package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// JoinRequest is the first packet of a world or game connection.
type JoinRequest struct {
	Token  uint32 // from SelectServerReply or MoveServer
	Secret Secret // 32 characters: a ticket, or the MD5 of the typed password in hexadecimal
}

// Command returns 0x70b.
func (*JoinRequest) Command() uint16 { return 0x70b }

// Marshal codes the payload.
func (p *JoinRequest) Marshal(c *wire.Codec) {
	c.U32(&p.Token)
	p.Secret.marshal(c)
}
