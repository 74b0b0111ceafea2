package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Limits of items and money that every implementation enforces.
const (
	// MaxPlace is the highest place of an item; 0 is none. Places are the
	// client's item slots: 1 to 11 are worn, 12 to 131 the four pages of the
	// bag, 30 places each, 132 to 134 ammunition, 135 to 138 vehicle parts.
	MaxPlace = 138
	// MaxItemNumber is the highest row of a list of items that the client's
	// protocol can carry.
	MaxItemNumber = 1023
	// MaxMoney is fifteen nines. The client's field has 64 bits, so the sum
	// over all characters of one call fits in 64 bits too.
	MaxMoney = 999_999_999_999_999
)

// ItemID identifies one item for as long as it exists. An id is never used
// again. 0 is an item that is not stored yet.
type ItemID int64

// ItemType is the client's list in which an item is described. Types 1 to 9 and
// 14 are equipment, each with a condition of its own; 10 to 13 come in stacks.
type ItemType uint8

// The item types.
const (
	ItemFace ItemType = iota + 1
	ItemHead
	ItemBody
	ItemHands
	ItemFeet
	ItemBack
	ItemJewellery
	ItemWeapon
	ItemSubWeapon
	ItemConsumable
	ItemGem
	ItemMaterial
	ItemQuest
	ItemVehicle
)

// Stacks reports whether items of the type come in stacks.
func (t ItemType) Stacks() bool { return t >= ItemConsumable && t <= ItemQuest }

// Item is a piece of equipment or a stack.
type Item struct {
	ID       ItemID
	Place    uint8 // 1 to MaxPlace; no two items of a character share one
	Type     ItemType
	Number   uint16 // 1 to MaxItemNumber, row of the type's list
	Quantity uint32 // 1 or more; of equipment always 1

	// The condition of equipment; a stack has none.

	Crafted    bool
	Gem        uint16 // 0 to 511, the gem set in
	Durability uint8  // 0 to 127
	Life       uint16 // 0 to 1000, tenths of a percent
	Socket     bool
	Appraised  bool
	Grade      uint8 // 0 to 15
}

// Inventory is all items of a character. An inventory from the store is in the
// order of places and must not be changed.
type Inventory []Item

// Validate returns InvalidArgument, naming the item, for an inventory that must
// not be stored.
func (inv Inventory) Validate() error {
	var places [MaxPlace + 1]bool
	ids := make(map[ItemID]bool, len(inv))
	for i := range inv {
		it := &inv[i]
		if err := it.validate(fmt.Sprintf("items[%d]", i)); err != nil {
			return err
		}
		if places[it.Place] {
			return errs.Invalid(fmt.Sprintf("items[%d].place", i), "must not be that of another item")
		}
		if it.ID != 0 && ids[it.ID] {
			return errs.Invalid(fmt.Sprintf("items[%d].id", i), "must not be that of another item")
		}
		places[it.Place], ids[it.ID] = true, true
	}
	return nil
}

func (it *Item) validate(field string) error {
	switch {
	case it.ID < 0:
		return errs.Invalid(field+".id", "must not be negative")
	case it.Place < 1 || it.Place > MaxPlace:
		return errs.Invalid(field+".place", "must be 1 to 138")
	case it.Type < ItemFace || it.Type > ItemVehicle:
		return errs.Invalid(field+".type", "must be 1 to 14")
	case it.Number < 1 || it.Number > MaxItemNumber:
		return errs.Invalid(field+".number", "must be 1 to 1023")
	case it.Quantity < 1 || !it.Type.Stacks() && it.Quantity > 1:
		return errs.Invalid(field+".quantity", "must be 1 or more, and 1 for equipment")
	case it.Gem > 511:
		return errs.Invalid(field+".gem", "must be 0 to 511")
	case it.Durability > 127:
		return errs.Invalid(field+".durability", "must be 0 to 127")
	case it.Life > 1000:
		return errs.Invalid(field+".life", "must be 0 to 1000")
	case it.Grade > 15:
		return errs.Invalid(field+".grade", "must be 0 to 15")
	case it.Type.Stacks() && *it != Item{ID: it.ID, Place: it.Place, Type: it.Type, Number: it.Number, Quantity: it.Quantity}:
		return errs.Invalid(field, "is a stack and must not have the condition of equipment")
	}
	return nil
}

// Sorted returns a copy in the order of places; nil for an empty inventory.
func (inv Inventory) Sorted() Inventory {
	if len(inv) == 0 {
		return nil
	}
	return slices.SortedFunc(slices.Values(inv), func(a, b Item) int { return cmp.Compare(a.Place, b.Place) })
}

// IDs returns the ids in the order of the items; nil for an empty inventory.
func (inv Inventory) IDs() []ItemID {
	if len(inv) == 0 {
		return nil
	}
	ids := make([]ItemID, len(inv))
	for i := range inv {
		ids[i] = inv[i].ID
	}
	return ids
}

// IDsIn returns the ids that stored has in the places of the items, in the
// order of the items; 0 where it has none.
func (inv Inventory) IDsIn(stored Inventory) []ItemID {
	var byPlace [MaxPlace + 1]ItemID
	for i := range stored {
		byPlace[stored[i].Place] = stored[i].ID
	}
	ids := inv.IDs()
	for i := range ids {
		ids[i] = byPlace[inv[i].Place]
	}
	return ids
}

// ParseInventory reads what the engines select with a character: a JSON array
// with an array for each item, of id, place, type, number, quantity, crafted,
// gem, durability, life, socket, appraised and grade, all as numbers. It
// returns an error for values that no item can have.
func ParseInventory(text []byte) (Inventory, error) {
	var rows [][12]int64
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("malformed items: %w", err)
	}
	most := [12]int64{math.MaxInt64, MaxPlace, int64(ItemVehicle), MaxItemNumber, math.MaxUint32, 1, 511, 127, 1000, 1, 1, 15}
	inv := make(Inventory, len(rows))
	for i, r := range rows {
		for j, v := range r {
			if v < 0 || v > most[j] {
				return nil, fmt.Errorf("malformed items: number %d of item %d is %d", j, r[0], v)
			}
		}
		//nolint:gosec // bounded above
		inv[i] = Item{
			ID: ItemID(r[0]), Place: uint8(r[1]), Type: ItemType(r[2]), Number: uint16(r[3]), Quantity: uint32(r[4]),
			Crafted: r[5] == 1, Gem: uint16(r[6]), Durability: uint8(r[7]), Life: uint16(r[8]),
			Socket: r[9] == 1, Appraised: r[10] == 1, Grade: uint8(r[11]),
		}
	}
	return inv.Sorted(), nil
}
