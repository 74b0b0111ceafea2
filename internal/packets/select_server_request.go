package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SelectServerRequest chooses a server and channel; the reply hands the client over to
// the world connection.
type SelectServerRequest struct {
	Server  uint32 // id from LoginReply
	Channel uint8  // id from ChannelListReply
}

// Command returns 0x70a.
func (*SelectServerRequest) Command() uint16 { return 0x70a }

// Marshal codes the payload.
func (p *SelectServerRequest) Marshal(c *wire.Codec) {
	c.U32(&p.Server)
	c.U8(&p.Channel)
}
