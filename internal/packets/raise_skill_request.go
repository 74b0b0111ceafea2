package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RaiseSkillRequest raises a skill to its next level.
type RaiseSkillRequest struct {
	Slot  uint8 // skill slot
	Skill uint16
}

// Command returns 0x7b1.
func (*RaiseSkillRequest) Command() uint16 { return 0x7b1 }

// Marshal codes the payload.
func (p *RaiseSkillRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Slot)
	c.U16(&p.Skill)
}
