package storepb

import (
	"fmt"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// ItemsPB is inv as messages; nil for an empty inventory.
func ItemsPB(inv store.Inventory) []*databasev1.Item {
	if len(inv) == 0 {
		return nil
	}
	all := make([]*databasev1.Item, len(inv))
	for i, it := range inv {
		all[i] = &databasev1.Item{
			Id: int64(it.ID), Place: uint32(it.Place), Type: uint32(it.Type), Number: uint32(it.Number), Quantity: it.Quantity,
			Crafted: it.Crafted, Gem: uint32(it.Gem), Durability: uint32(it.Durability), Life: uint32(it.Life),
			Socket: it.Socket, Appraised: it.Appraised, Grade: uint32(it.Grade),
		}
	}
	return all
}

// Items is all as an inventory, nil for none; INVALID_ARGUMENT names a field
// that is out of its range.
func Items(all []*databasev1.Item) (store.Inventory, error) {
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // no items in, no items out
	}
	inv := make(store.Inventory, len(all))
	for i, m := range all {
		var r ranges
		field := func(name string) string { return fmt.Sprintf("items[%d].%s", i, name) }
		inv[i] = store.Item{
			ID: store.ItemID(m.GetId()), Place: r.u8(field("place"), m.GetPlace()),
			Type: store.ItemType(r.u8(field("type"), m.GetType())), Number: r.u16(field("number"), m.GetNumber()),
			Quantity: m.GetQuantity(), Crafted: m.GetCrafted(), Gem: r.u16(field("gem"), m.GetGem()),
			Durability: r.u8(field("durability"), m.GetDurability()), Life: r.u16(field("life"), m.GetLife()),
			Socket: m.GetSocket(), Appraised: m.GetAppraised(), Grade: r.u8(field("grade"), m.GetGrade()),
		}
		if err := r.error(); err != nil {
			return nil, err
		}
	}
	return inv, inv.Validate()
}

// SavePB is sv as a message.
func SavePB(sv *store.CharacterSave) *databasev1.CharacterSave {
	m := &databasev1.CharacterSave{
		CharacterId: sv.ID.String(), Version: sv.Version, Generation: sv.Generation,
		SaveKey: sv.Key, State: StatePB(sv.State), Group: sv.Group,
	}
	if sv.Items != nil {
		m.Items = &databasev1.Inventory{Items: ItemsPB(*sv.Items)}
	}
	if sv.Hotbar != nil {
		m.Hotbar = HotbarPB(sv.Hotbar)
	}
	return m
}

// Save is m as a save. An id that no character can have becomes 0, so that its
// save gets the result for a character that does not exist.
func Save(m *databasev1.CharacterSave) (store.CharacterSave, error) {
	id, err := store.ParseCharacterID(m.GetCharacterId())
	if err != nil {
		id = 0
	}
	state, err := State(m.GetState())
	if err != nil {
		return store.CharacterSave{}, err
	}
	sv := store.CharacterSave{
		ID: id, Version: m.GetVersion(), Generation: m.GetGeneration(), Key: m.GetSaveKey(), State: state, Group: m.GetGroup(),
	}
	if m.GetItems() != nil {
		items, err := Items(m.GetItems().GetItems())
		if err != nil {
			return store.CharacterSave{}, err
		}
		sv.Items = &items
	}
	if m.GetHotbar() != nil {
		bar, err := Hotbar(m.GetHotbar())
		if err != nil {
			return store.CharacterSave{}, err
		}
		sv.Hotbar = &bar
	}
	return sv, nil
}

// ResultPB is r as a message.
func ResultPB(r store.SaveResult) *databasev1.SaveResult {
	m := &databasev1.SaveResult{Version: r.Version, Reason: errs.ReasonOf(r.Err)}
	for _, id := range r.ItemIDs {
		m.ItemIds = append(m.ItemIds, int64(id))
	}
	return m
}

// Result is m as a result.
func Result(m *databasev1.SaveResult) store.SaveResult {
	r := store.SaveResult{Version: m.GetVersion()}
	for _, id := range m.GetItemIds() {
		r.ItemIDs = append(r.ItemIDs, store.ItemID(id))
	}
	if m.GetReason() != "" {
		r.Err = Refusal(m.GetReason())
	}
	return r
}

// Refusal is the error of the contract with a reason; one that is not known is
// an internal error.
func Refusal(reason string) error {
	if e := store.ByReason(reason); e != nil {
		return e
	}
	return errs.New(errs.Internal, reason, "refused")
}
