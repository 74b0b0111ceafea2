package sqlite

import (
	"context"
	"slices"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// items returns what a character has, in the order of places.
func (t *tx) items(ctx context.Context, id uint32) (store.Inventory, error) {
	rows, err := t.ListItems(ctx, id)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	inv := make(store.Inventory, len(rows))
	for i, r := range rows {
		inv[i] = store.Item{
			ID: store.ItemID(r.ID), Place: r.Place, Type: store.ItemType(r.Type), Number: r.Number, Quantity: r.Quantity,
			Crafted: r.Crafted, Gem: r.Gem, Durability: r.Durability, Life: r.Life,
			Socket: r.Socket, Appraised: r.Appraised, Grade: r.Grade,
		}
	}
	return inv, nil
}

// putItem stores an item of a character and returns its id.
func (t *tx) putItem(ctx context.Context, id uint32, it *store.Item) (store.ItemID, error) {
	given, err := t.InsertItem(ctx, db.InsertItemParams{
		ID: int64(it.ID), CharacterID: id, Place: it.Place, Type: uint8(it.Type), Number: it.Number, Quantity: it.Quantity,
		Crafted: it.Crafted, Gem: it.Gem, Durability: it.Durability, Life: it.Life,
		Socket: it.Socket, Appraised: it.Appraised, Grade: it.Grade,
	})
	return store.ItemID(given), err
}

// putNew stores the items of a new character and returns them with their ids.
func (t *tx) putNew(ctx context.Context, id uint32, inv store.Inventory) (_ store.Inventory, err error) {
	out := inv.Sorted()
	for i := range out {
		if out[i].ID, err = t.putItem(ctx, id, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// held is an item as it is stored.
type held struct {
	by store.CharacterID
	store.Item
}

// holdings returns the stored items of those characters of a group whose items
// are to be written, and how many saves claim each item.
func (t *tx) holdings(ctx context.Context, group []*store.CharacterSave) (have map[store.ItemID]held, claims map[store.ItemID]int, err error) {
	have, claims = map[store.ItemID]held{}, map[store.ItemID]int{}
	for _, sv := range group {
		if sv.Items == nil {
			continue
		}
		items, err := t.items(ctx, uint32(sv.ID))
		if err != nil {
			return nil, nil, err
		}
		for _, it := range items {
			have[it.ID] = held{sv.ID, it}
		}
		for i := range *sv.Items {
			claims[(*sv.Items)[i].ID]++
		}
	}
	return have, claims, nil
}

// entitled reports whether every item that a save claims belongs to a character
// of the group and is claimed by no other save: its own item, or one that
// another character gives up.
func entitled(sv *store.CharacterSave, have map[store.ItemID]held, claims map[store.ItemID]int) bool {
	return sv.Items == nil || !slices.ContainsFunc(*sv.Items, func(it store.Item) bool {
		_, ok := have[it.ID]
		return it.ID != 0 && (!ok || claims[it.ID] > 1)
	})
}

// writeItems writes the items of a group of saves that are entitled to them and
// returns the ids for each. Unchanged items are not written.
func (t *tx) writeItems(ctx context.Context, group []*store.CharacterSave, have map[store.ItemID]held) ([][]store.ItemID, error) {
	ids := make([][]store.ItemID, len(group))
	unchanged := func(sv *store.CharacterSave, it store.Item) bool { return have[it.ID] == held{sv.ID, it} }
	stay := map[store.ItemID]bool{}
	for _, sv := range group {
		if sv.Items == nil {
			continue
		}
		for _, it := range *sv.Items {
			stay[it.ID] = it.ID != 0 && unchanged(sv, it)
		}
	}
	// An item may get the place of another one that is removed or moved. So all
	// changed items are removed before any is stored again.
	for id := range have {
		if !stay[id] {
			if err := t.DeleteItem(ctx, int64(id)); err != nil {
				return nil, err
			}
		}
	}
	for i, sv := range group {
		if sv.Items == nil {
			continue
		}
		ids[i] = sv.Items.IDs()
		for j, it := range *sv.Items {
			if stay[it.ID] {
				continue
			}
			given, err := t.putItem(ctx, uint32(sv.ID), &it)
			if err != nil {
				return nil, err
			}
			ids[i][j] = given
		}
	}
	return ids, nil
}

// storedIDs returns the ids of a save's items, from the items that are stored
// in their places.
func (t *tx) storedIDs(ctx context.Context, sv *store.CharacterSave) ([]store.ItemID, error) {
	if sv.Items == nil {
		return nil, nil
	}
	have, err := t.items(ctx, uint32(sv.ID))
	if err != nil {
		return nil, err
	}
	return sv.Items.IDsIn(have), nil
}
