package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CharacterListReply answers CharacterListRequest. The index of a character
// in it is its slot in the requests that follow.
type CharacterListReply struct {
	Characters []ListedCharacter // at most MaxCharacters
}

// ListedCharacter is what the selection screen shows of a character.
type ListedCharacter struct {
	Name          string // at most MaxName bytes
	Gender        uint8  // 0 male, 1 female
	Level         uint16
	Job           uint16
	DeleteSeconds uint32 // until deletion, at least 1; 0 if not marked
	Premium       bool   // from the fourth character on
	Face          uint16 // style
	Hair          uint16 // style
	Equipment     ListedItems
}

// ListedItem is a worn item at the selection screen; number 0 is none.
type ListedItem struct {
	Number uint16
	Grade  uint16
}

// ListedItems is what a character at the selection screen wears.
type ListedItems struct {
	Head, Body, Hands, Feet, Face, Back, Weapon, SubWeapon ListedItem
}

// Command returns 0x712.
func (*CharacterListReply) Command() uint16 { return 0x712 }

// Marshal codes the payload.
func (p *CharacterListReply) Marshal(c *wire.Codec) {
	wire.Counted(c, &p.Characters, MaxCharacters, (*ListedCharacter).marshal)
}

func (p *ListedCharacter) marshal(c *wire.Codec) {
	c.CString(&p.Name, MaxName)
	c.U8(&p.Gender)
	c.U16(&p.Level)
	c.U16(&p.Job)
	c.U32(&p.DeleteSeconds)
	c.Bool8(&p.Premium)
	c.U16(&p.Face)
	c.Zero(2)
	c.U16(&p.Hair)
	c.Zero(2)
	e := &p.Equipment
	// SubWeapon comes before Weapon here, unlike in the game's packets.
	for _, it := range [...]*ListedItem{&e.Head, &e.Body, &e.Hands, &e.Feet, &e.Face, &e.Back, &e.SubWeapon, &e.Weapon} {
		c.U16(&it.Number)
		c.U16(&it.Grade)
	}
}
