package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Sizes of the lists in CharacterData.
const (
	UnionPointKinds   = 10
	StatusEffectSlots = 40
	SkillPage         = 30
)

// CharacterData tells a client which character it plays, with all of its state
// except the inventory and the quests.
type CharacterData struct {
	Gender            uint8  // 0 male, 1 female
	Zone              uint16 // where the client goes now
	X, Y              float32
	ReviveZone        uint16
	Face              uint32 // style, as others see it
	Hair              uint32 // style, as others see it
	Equipment         VisibleItems
	BirthStone        uint8
	FaceStyle         uint8 // Face that the player chose
	HairStyle         uint8 // Hair that the player chose
	Job               uint16
	Union             uint8
	Rank              uint8
	Fame              uint8
	Stats             Stats
	HP, MP            uint16
	XP                uint32
	Level             uint16
	StatPoints        uint16
	SkillPoints       uint16
	BodySize          uint8 // percent; 100 is usual
	HeadSize          uint8 // percent; 200 is usual
	PenaltyXP         uint32
	FameGood, FameBad uint16
	UnionPoints       [UnionPointKinds]uint16
	Guild             uint32 // 0 none
	GuildContribution uint16
	GuildPosition     uint8 // 0–6
	PKFlag            uint16
	Stamina           uint16 // 5000 is the maximum
	StatusEffects     [StatusEffectSlots]StatusEffect
	Skills            Skills
	Hotbar            [HotbarSlots]HotbarSlot
	UniqueID          uint32 // the character's id
	Name              string // at most MaxName bytes
}

// Stats are the basic abilities of a character.
type Stats struct {
	Str, Dex, Int, Con, Charm, Sense uint16
}

func (s *Stats) marshal(c *wire.Codec) {
	for _, v := range [...]*uint16{&s.Str, &s.Dex, &s.Int, &s.Con, &s.Charm, &s.Sense} {
		c.U16(v)
	}
}

// StatusEffect is an effect with a duration; the zero value is none.
type StatusEffect struct {
	Seconds uint32 // left
	Effect  uint16 // row in the client's list
}

func (e *StatusEffect) marshal(c *wire.Codec) {
	c.U32(&e.Seconds)
	c.U16(&e.Effect)
	c.Zero(2)
}

// Skills are the learned skills by page; 0 is an empty place.
type Skills struct {
	Basic, Active, Passive, Clan [SkillPage]uint16
}

func (s *Skills) marshal(c *wire.Codec) {
	for _, page := range [...]*[SkillPage]uint16{&s.Basic, &s.Active, &s.Passive, &s.Clan} {
		u16s(c, page[:])
	}
}

// Command returns 0x715.
func (*CharacterData) Command() uint16 { return 0x715 }

// Marshal codes the payload.
func (p *CharacterData) Marshal(c *wire.Codec) {
	c.U8(&p.Gender)
	c.U16(&p.Zone)
	c.F32(&p.X)
	c.F32(&p.Y)
	c.U16(&p.ReviveZone)
	c.U32(&p.Face)
	c.U32(&p.Hair)
	p.Equipment.marshal(c)
	c.U8(&p.BirthStone)
	c.U8(&p.FaceStyle)
	c.U8(&p.HairStyle)
	c.U16(&p.Job)
	c.U8(&p.Union)
	c.U8(&p.Rank)
	c.U8(&p.Fame)
	p.Stats.marshal(c)
	c.U16(&p.HP)
	c.U16(&p.MP)
	c.U32(&p.XP)
	c.U16(&p.Level)
	c.U16(&p.StatPoints)
	c.U16(&p.SkillPoints)
	c.U8(&p.BodySize)
	c.U8(&p.HeadSize)
	c.U32(&p.PenaltyXP)
	c.U16(&p.FameGood)
	c.U16(&p.FameBad)
	u16s(c, p.UnionPoints[:])
	c.U32(&p.Guild)
	c.U16(&p.GuildContribution)
	c.U8(&p.GuildPosition)
	c.U16(&p.PKFlag)
	c.U16(&p.Stamina)
	for i := range p.StatusEffects {
		p.StatusEffects[i].marshal(c)
	}
	p.Skills.marshal(c)
	for i := range p.Hotbar {
		p.Hotbar[i].marshal(c)
	}
	c.U32(&p.UniqueID)
	c.CString(&p.Name, MaxName)
}

// u16s codes a fixed list of numbers.
func u16s(c *wire.Codec, list []uint16) {
	for i := range list {
		c.U16(&list[i])
	}
}

// items codes a fixed list of items.
func items(c *wire.Codec, list []FullItem) {
	for i := range list {
		list[i].marshal(c)
	}
}
