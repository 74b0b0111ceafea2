package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Bits of SpawnCharacter.SubFlags.
const (
	SubHidden    uint32 = 1
	SubShop      uint32 = 2 // the packet has a Shop
	SubIntroChat uint32 = 4
)

// MaxClanPosition is the highest rank in a clan.
const MaxClanPosition = 6

// SpawnCharacter shows another player's character.
type SpawnCharacter struct {
	Head        SpawnHead
	Gender      uint8  // 0 male, 1 female
	RunSpeed    uint16 // centimetres a second
	AttackSpeed uint16 // passive, percent
	Weight      uint8  // load in percent
	Face        uint32 // style
	Hair        uint32 // style
	Equipment   VisibleItems
	Ammo        AmmoItems
	Job         uint16
	Level       uint8
	Vehicle     VehicleItems
	Z           uint16 // centimetres
	SubFlags    uint32 // SubHidden, SubShop, SubIntroChat
	Name        string // at most MaxName bytes
	Status      StatusValues
	Shop        *Shop // not nil exactly if SubShop is set
	Clan        *Clan // nil without a clan
}

// Shop is the shop of a character.
type Shop struct {
	Skin  uint16
	Title string // at most MaxShopTitle bytes
}

// Clan is the clan of a character, as other players see it.
type Clan struct {
	ID             uint32
	MarkBackground uint16 // 0: MarkForeground is the CRC-16 of an image
	MarkForeground uint16
	Level          uint8
	Position       uint8  // 0–6
	Name           string // at most MaxName bytes
}

// Command returns 0x793.
func (*SpawnCharacter) Command() uint16 { return 0x793 }

// Marshal codes the payload.
func (p *SpawnCharacter) Marshal(c *wire.Codec) {
	p.Head.marshal(c)
	c.U8(&p.Gender)
	c.U16(&p.RunSpeed)
	c.U16(&p.AttackSpeed)
	c.U8(&p.Weight)
	c.U32(&p.Face)
	c.U32(&p.Hair)
	p.Equipment.marshal(c)
	p.Ammo.marshal(c)
	c.U16(&p.Job)
	c.U8(&p.Level)
	p.Vehicle.marshal(c)
	c.U16(&p.Z)
	c.U32(&p.SubFlags)
	c.CString(&p.Name, MaxName)
	p.Status.marshal(c, p.Head.StatusFlags)
	if c.Reading() {
		p.Shop, p.Clan = nil, nil
		if c.Err() == nil && p.SubFlags&SubShop != 0 {
			p.Shop = new(Shop)
		}
	} else if (p.SubFlags&SubShop != 0) != (p.Shop != nil) {
		c.Fail(wire.ErrValue, "sub flags 0x%x and the shop disagree", p.SubFlags)
	}
	if p.Shop != nil {
		c.U16(&p.Shop.Skin)
		c.CString(&p.Shop.Title, MaxShopTitle)
	}
	if c.Err() == nil && c.Remaining() > 0 {
		p.Clan = new(Clan)
	}
	if p.Clan != nil {
		p.Clan.marshal(c)
	}
}

func (cl *Clan) marshal(c *wire.Codec) {
	c.U32(&cl.ID)
	c.U16(&cl.MarkBackground)
	c.U16(&cl.MarkForeground)
	c.U8(&cl.Level)
	c.U8(&cl.Position)
	if cl.Position > MaxClanPosition {
		c.Fail(wire.ErrValue, "clan position %d, at most %d", cl.Position, MaxClanPosition)
	}
	c.CString(&cl.Name, MaxName)
}
