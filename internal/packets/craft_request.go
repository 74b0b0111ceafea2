package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CraftRequest sets a gem, breaks an item up or upgrades one.
type CraftRequest struct {
	Kind      uint8    // a Craft constant; the others are kept as they come, in Args
	Tool      uint16   // worn place, skill slot or NPC, by kind
	Slot      uint8    // item slot of what is worked on
	Materials [3]uint8 // item slots, of upgrades
	Args      []byte   // of another kind; at most MaxCraftArgs bytes
}

// Command returns 0x7bc.
func (*CraftRequest) Command() uint16 { return 0x7bc }

// Marshal codes the payload.
func (p *CraftRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	switch p.Kind {
	case CraftGem, CraftBreak, CraftUpgrade:
		tool := uint8(p.Tool) //nolint:gosec // a worn place or a skill slot
		c.U8(&tool)
		p.Tool = uint16(tool)
	case CraftBreakNPC, CraftUpgradeNPC:
		c.U16(&p.Tool)
	default:
		c.Rest(&p.Args, MaxCraftArgs)
		return
	}
	c.U8(&p.Slot)
	if p.Kind == CraftUpgrade || p.Kind == CraftUpgradeNPC {
		for i := range p.Materials {
			c.U8(&p.Materials[i])
		}
	}
}
