package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveServer hands the client over to the game connection. The port comes first,
// unlike in SelectServerReply.
type MoveServer struct {
	Port    uint16 // TCP port of the game listener
	Token   uint32 // to present in JoinRequest
	Seed    uint32 // codec seed of the game listener, never 0
	Address string // numeric IPv4; the client resolves no names
}

// Command returns 0x711.
func (*MoveServer) Command() uint16 { return 0x711 }

// Marshal codes the payload.
func (p *MoveServer) Marshal(c *wire.Codec) {
	c.U16(&p.Port)
	c.U32(&p.Token)
	c.U32(&p.Seed)
	c.CString(&p.Address, MaxAddress)
}
