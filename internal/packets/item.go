package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Item types. 1–9 and ItemVehicle are equipment: each is a single item with its
// own state. ItemConsumable to ItemQuest are stacks. ItemMoney is an amount.
const (
	ItemNone       uint8 = 0
	ItemFace       uint8 = 1
	ItemHead       uint8 = 2
	ItemBody       uint8 = 3
	ItemHands      uint8 = 4
	ItemFeet       uint8 = 5
	ItemBack       uint8 = 6
	ItemJewellery  uint8 = 7
	ItemWeapon     uint8 = 8
	ItemSubWeapon  uint8 = 9
	ItemConsumable uint8 = 10
	ItemGem        uint8 = 11
	ItemMaterial   uint8 = 12
	ItemQuest      uint8 = 13
	ItemVehicle    uint8 = 14
	ItemMoney      uint8 = 31
)

// Item slots as the client counts them, in Inventory.Items and in requests.
const (
	SlotNone      = 0
	SlotFace      = 1 // 1–11 are worn
	SlotHead      = 2
	SlotBody      = 3
	SlotBack      = 4
	SlotHands     = 5
	SlotFeet      = 6
	SlotWeapon    = 7
	SlotSubWeapon = 8
	SlotNecklace  = 9
	SlotRing      = 10
	SlotEarring   = 11
	SlotBag       = 12  // 12–131: pages of BagPage for equipment, consumables, materials, vehicles
	SlotAmmo      = 132 // 132–134: arrow, bullet, throw
	SlotVehicle   = 135 // 135–138: body, engine, leg, arms
	SlotCount     = 139

	BagPage = 30
)

// FullItem is an item as its owner sees it, six bytes. The zero
// value is no item.
type FullItem struct {
	Type       uint8  // an Item constant; it decides which other fields are used
	Number     uint16 // 0–1023, row in the client's list of the type
	Crafted    bool   // equipment only, as all down to Grade
	Gem        uint16 // 0–511, the gem in the item
	Durability uint8  // 0–127
	Life       uint16 // 0–1023, tenths of a percent
	Socket     bool
	Appraised  bool
	Grade      uint8  // 0–15
	Quantity   uint32 // stacks and money only
}

func (it *FullItem) marshal(c *wire.Codec) {
	at := c.Offset()
	b := c.Bits(6)
	b.U8(&it.Type, 5)
	switch it.Type {
	case ItemFace, ItemHead, ItemBody, ItemHands, ItemFeet, ItemBack,
		ItemJewellery, ItemWeapon, ItemSubWeapon, ItemVehicle:
		if it.Quantity != 0 && !c.Reading() {
			c.Fail(wire.ErrValue, "item type %d has quantity %d, want 0: equipment carries none", it.Type, it.Quantity)
		}
		b.U16(&it.Number, 10)
		b.Bool(&it.Crafted)
		b.U16(&it.Gem, 9)
		b.U8(&it.Durability, 7)
		b.U16(&it.Life, 10)
		b.Bool(&it.Socket)
		b.Bool(&it.Appraised)
		b.U8(&it.Grade, 4)
	case ItemConsumable, ItemGem, ItemMaterial, ItemQuest, ItemMoney:
		if !c.Reading() && *it != (FullItem{Type: it.Type, Number: it.Number, Quantity: it.Quantity}) {
			c.Fail(wire.ErrValue, "item type %d has the state of equipment", it.Type)
		}
		b.U16(&it.Number, 10)
		b.Zero(1)
		b.U32(&it.Quantity, 32)
	case ItemNone:
		if !c.Reading() && *it != (FullItem{}) {
			c.Fail(wire.ErrValue, "an item without a type that is not empty")
		}
		b.Zero(43)
	default:
		c.Fail(wire.ErrValue, "item type %d in the item at byte %d", it.Type, at)
	}
	b.End()
}

// VisibleItem is a worn item as other players see it, four bytes; number 0 is
// none.
type VisibleItem struct {
	Number uint16 // 0–1023
	Gem    uint16 // 0–511
	Socket bool
	Grade  uint8 // 0–15
}

func (it *VisibleItem) marshal(c *wire.Codec) {
	b := c.Bits(4)
	b.U16(&it.Number, 10)
	b.U16(&it.Gem, 9)
	b.Bool(&it.Socket)
	b.U8(&it.Grade, 4)
	b.Zero(8)
	b.End()
}

// VisibleItems are the worn items of a character as other players see them.
type VisibleItems struct {
	Head, Body, Hands, Feet, Face, Back, Weapon, SubWeapon VisibleItem
}

func (v *VisibleItems) marshal(c *wire.Codec) {
	for _, it := range [...]*VisibleItem{&v.Head, &v.Body, &v.Hands, &v.Feet, &v.Face, &v.Back, &v.Weapon, &v.SubWeapon} {
		it.marshal(c)
	}
}

// VehicleItems is a character's vehicle as other players see it.
type VehicleItems struct {
	Body, Engine, Leg, Arms VisibleItem
}

func (v *VehicleItems) marshal(c *wire.Codec) {
	for _, it := range [...]*VisibleItem{&v.Body, &v.Engine, &v.Leg, &v.Arms} {
		it.marshal(c)
	}
}

// AmmoItem is the kind of ammunition in use, two bytes; the zero value is
// none.
type AmmoItem struct {
	Type   uint8  // 0–31, an Item constant
	Number uint16 // 0–1023
}

func (it *AmmoItem) marshal(c *wire.Codec) {
	b := c.Bits(2)
	b.U8(&it.Type, 5)
	b.U16(&it.Number, 10)
	b.Zero(1)
	b.End()
}

// AmmoItems is the ammunition in use by weapon.
type AmmoItems struct {
	Arrow, Bullet, Throw AmmoItem
}

func (a *AmmoItems) marshal(c *wire.Codec) {
	for _, it := range [...]*AmmoItem{&a.Arrow, &a.Bullet, &a.Throw} {
		it.marshal(c)
	}
}
