package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveWithMode is a Move with the mode of movement.
type MoveWithMode struct {
	Move
	Mode uint8 // MoveWalk, MoveRun or MoveDrive
}

// Command returns 0x797.
func (*MoveWithMode) Command() uint16 { return 0x797 }

// Marshal codes the payload.
func (p *MoveWithMode) Marshal(c *wire.Codec) {
	p.Move.Marshal(c)
	c.U8(&p.Mode)
}
