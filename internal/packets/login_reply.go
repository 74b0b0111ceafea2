package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// LoginReply answers LoginRequest. If Result is not LoginOK, the rest is zero.
type LoginReply struct {
	Result  uint8         // a Login constant
	Rights  uint16        // 0x800 is an ordinary player
	PayType uint16        // 0xff is everything
	Servers []ServerEntry // at most MaxServers
}

// ServerEntry is one server in a LoginReply.
type ServerEntry struct {
	Name string // at most MaxServerName bytes
	ID   uint32
}

// Command returns 0x708.
func (*LoginReply) Command() uint16 { return 0x708 }

// Marshal codes the payload.
func (p *LoginReply) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.U16(&p.Rights)
	c.U16(&p.PayType)
	wire.ToEnd(c, &p.Servers, MaxServers, (*ServerEntry).marshal)
}

func (e *ServerEntry) marshal(c *wire.Codec) {
	c.CString(&e.Name, MaxServerName)
	c.U32(&e.ID)
}
