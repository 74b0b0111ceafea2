package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RaiseSkillResult says whether a skill was raised.
type RaiseSkillResult struct {
	Result      uint8 // a RaiseSkill constant
	Slot        uint8 // skill slot
	Skill       uint16
	SkillPoints uint16 // left
}

// Command returns 0x7b1.
func (*RaiseSkillResult) Command() uint16 { return 0x7b1 }

// Marshal codes the payload.
func (p *RaiseSkillResult) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.U8(&p.Slot)
	c.U16(&p.Skill)
	c.U16(&p.SkillPoints)
}
