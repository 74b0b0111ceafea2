package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CraftRequest sets a gem into an item, takes an item apart or upgrades it.
type CraftRequest struct {
	Kind      uint8    // a Craft constant; other kinds are kept as bytes in Args
	Tool      uint16   // worn place, skill slot or NPC, by kind
	Slot      uint8    // item slot of the item
	Materials [3]uint8 // item slots; for upgrades only
	Args      []byte   // for other kinds; at most MaxCraftArgs bytes
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
