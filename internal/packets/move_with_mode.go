package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// MoveWithMode is a Move that also says how.
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
