package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ChannelListRequest asks for the channels of a server.
type ChannelListRequest struct {
	Server uint32 // id from LoginReply
}

// Command returns 0x704.
func (*ChannelListRequest) Command() uint16 { return 0x704 }

// Marshal codes the payload.
func (p *ChannelListRequest) Marshal(c *wire.Codec) {
	c.U32(&p.Server)
}
