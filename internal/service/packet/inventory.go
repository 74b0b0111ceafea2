package packet

import (
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// inventory is all items of a character, for its owner. Items in a slot that the
// client does not know are left out.
func inventory(c *databasev1.Character) *packets.Inventory {
	p := &packets.Inventory{Money: c.GetState().GetMoney()}
	for _, it := range c.GetItems() {
		if at := it.GetPlace(); at != packets.SlotNone && at < packets.SlotCount {
			p.Items[at] = fullItem(it)
		}
	}
	return p
}

// fullItem gives equipment no quantity and a stack no condition: the packet has no
// field for them.
func fullItem(it *databasev1.Item) packets.FullItem {
	p := packets.FullItem{Type: u8(it.GetType()), Number: u16(it.GetNumber())}
	switch p.Type {
	case packets.ItemConsumable, packets.ItemGem, packets.ItemMaterial, packets.ItemQuest:
		p.Quantity = it.GetQuantity()
	default:
		p.Crafted, p.Gem = it.GetCrafted(), u16(it.GetGem())
		p.Durability, p.Life = u8(it.GetDurability()), u16(it.GetLife())
		p.Socket, p.Appraised, p.Grade = it.GetSocket(), it.GetAppraised(), u8(it.GetGrade())
	}
	return p
}

// equipment is the worn items as other players see them.
func equipment(c *databasev1.Character) (v packets.VisibleItems) {
	for _, it := range c.GetItems() {
		seen := packets.VisibleItem{
			Number: u16(it.GetNumber()), Gem: u16(it.GetGem()), Socket: it.GetSocket(), Grade: u8(it.GetGrade()),
		}
		switch it.GetPlace() {
		case packets.SlotFace:
			v.Face = seen
		case packets.SlotHead:
			v.Head = seen
		case packets.SlotBody:
			v.Body = seen
		case packets.SlotBack:
			v.Back = seen
		case packets.SlotHands:
			v.Hands = seen
		case packets.SlotFeet:
			v.Feet = seen
		case packets.SlotWeapon:
			v.Weapon = seen
		case packets.SlotSubWeapon:
			v.SubWeapon = seen
		}
	}
	return v
}

// listedEquipment is the worn items as the selection screen shows them.
func listedEquipment(c *databasev1.Character) packets.ListedItems {
	listed := func(it packets.VisibleItem) packets.ListedItem {
		return packets.ListedItem{Number: it.Number, Grade: uint16(it.Grade)}
	}
	v := equipment(c)
	return packets.ListedItems{
		Head: listed(v.Head), Body: listed(v.Body), Hands: listed(v.Hands), Feet: listed(v.Feet),
		Face: listed(v.Face), Back: listed(v.Back), Weapon: listed(v.Weapon), SubWeapon: listed(v.SubWeapon),
	}
}
