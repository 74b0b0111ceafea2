package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// FlagPvP in JoinZoneReply.Flags: players may fight each other here.
const FlagPvP uint32 = 1

// PriceKinds is how many kinds of items have their own price rate.
const PriceKinds = 11

// JoinZoneReply puts the character into its zone; spawns follow it.
type JoinZoneReply struct {
	Entity     uint16 // the character's own, never 0
	HP, MP     uint16
	XP         uint32
	PenaltyXP  uint32
	CraftRate  uint16            // percent
	UpdateTime uint32            // when the prices below were set
	WorldPrice uint16            // percent
	TownPrice  uint8             // percent
	ItemPrices [PriceKinds]uint8 // percent
	Flags      uint32            // FlagPvP
	WorldTicks uint32            // the zone's clock
	Team       uint32            // members of different teams may fight
}

// Command returns 0x753.
func (*JoinZoneReply) Command() uint16 { return 0x753 }

// Marshal codes the payload.
func (p *JoinZoneReply) Marshal(c *wire.Codec) {
	c.U16(&p.Entity)
	c.U16(&p.HP)
	c.U16(&p.MP)
	c.U32(&p.XP)
	c.U32(&p.PenaltyXP)
	c.U16(&p.CraftRate)
	c.U32(&p.UpdateTime)
	c.U16(&p.WorldPrice)
	c.U8(&p.TownPrice)
	for i := range p.ItemPrices {
		c.U8(&p.ItemPrices[i])
	}
	c.U32(&p.Flags)
	c.U32(&p.WorldTicks)
	c.U32(&p.Team)
}
