package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CreateCharacterRequest asks for a new character.
type CreateCharacterRequest struct {
	Gender     uint8 // 0 male, 1 female
	BirthStone uint8
	Hair       uint8 // style
	Face       uint8 // style
	WeaponType uint8
	StartPoint uint16 // start point that the player chose
	Name       string // at most MaxName bytes
}

// Command returns 0x713.
func (*CreateCharacterRequest) Command() uint16 { return 0x713 }

// Marshal codes the payload.
func (p *CreateCharacterRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Gender)
	c.U8(&p.BirthStone)
	c.U8(&p.Hair)
	c.U8(&p.Face)
	c.U8(&p.WeaponType)
	c.U16(&p.StartPoint)
	c.CString(&p.Name, MaxName)
}
