package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SelectServerReply hands the client over to the world connection. If Result is not
// SelectOK, the rest is zero.
type SelectServerReply struct {
	Result  uint8  // a Select constant
	Token   uint32 // to present in JoinRequest
	Seed    uint32 // codec seed of the world listener, never 0 on success
	Address string // numeric IPv4; the client resolves no names
	Port    uint16 // TCP port of the world listener
}

// Command returns 0x70a.
func (*SelectServerReply) Command() uint16 { return 0x70a }

// Marshal codes the payload.
func (p *SelectServerReply) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.U32(&p.Token)
	c.U32(&p.Seed)
	c.CString(&p.Address, MaxAddress)
	c.U16(&p.Port)
}
