package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ChannelListReply answers ChannelListRequest.
type ChannelListReply struct {
	Server   uint32         // as in the request
	Channels []ChannelEntry // at most MaxChannels
}

// ChannelEntry is one channel of a server.
type ChannelEntry struct {
	ID          uint8  // from 1
	LowAge      uint8  // years; 0 no limit
	HighAge     uint8  // years; 100 no limit
	PercentFull uint16 // 0–100
	Name        string // at most MaxServerName bytes
}

// Command returns 0x704.
func (*ChannelListReply) Command() uint16 { return 0x704 }

// Marshal codes the payload.
func (p *ChannelListReply) Marshal(c *wire.Codec) {
	c.U32(&p.Server)
	wire.Counted(c, &p.Channels, MaxChannels, (*ChannelEntry).marshal)
}

func (e *ChannelEntry) marshal(c *wire.Codec) {
	c.U8(&e.ID)
	c.U8(&e.LowAge)
	c.U8(&e.HighAge)
	c.U16(&e.PercentFull)
	c.CString(&e.Name, MaxServerName)
}
