package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveToggle says that an entity now walks, runs or drives, or that it sits down or
// stands up.
type MoveToggle struct {
	Entity   uint16
	Kind     uint8  // a Toggled constant
	RunSpeed uint16 // centimetres a second; not sent if 0
}

// Command returns 0x782.
func (*MoveToggle) Command() uint16 { return 0x782 }

// Marshal codes the payload.
func (p *MoveToggle) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.U8(&p.Kind)
	if c.Remaining() == 0 && p.RunSpeed == 0 {
		return
	}
	c.U16(&p.RunSpeed)
	if p.RunSpeed == 0 {
		c.Fail(wire.ErrValue, "a run speed of 0, which must be left out")
	}
}
