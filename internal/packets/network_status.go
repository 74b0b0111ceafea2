package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// NetworkStatus tells the client the status of its login connection.
type NetworkStatus struct {
	Status     uint8  // a Status constant
	SequenceID uint32 // a number that the server chooses; the client keeps it
}

// Command returns 0x7ff.
func (*NetworkStatus) Command() uint16 { return 0x7ff }

// Marshal codes the payload.
func (p *NetworkStatus) Marshal(c *wire.Codec) {
	c.U8(&p.Status)
	c.U32(&p.SequenceID)
	c.Zero(24)
}
