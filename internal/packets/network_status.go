package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// NetworkStatus tells the client how its login connection stands.
type NetworkStatus struct {
	Status     uint8  // StatusAccepted and its neighbours
	SequenceID uint32 // a number of the server's choice; the client keeps it
}

// Command returns 0x7ff.
func (*NetworkStatus) Command() uint16 { return 0x7ff }

// Marshal codes the payload.
func (p *NetworkStatus) Marshal(c *wire.Codec) {
	c.U8(&p.Status)
	c.U32(&p.SequenceID)
	c.Zero(24)
}
