package storetest

import (
	"context"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func itemTests() []test {
	return []test{
		{"AreReadAsTheyWereMade", itemsMade},
		{"ExtremeValuesSurvive", itemsExtremes},
		{"AreWrittenWithTheState", itemsSaved},
		{"StayWhenTheSaveHasNone", itemsKept},
		{"ChangePlaces", itemsSwap},
		{"RepeatedKeyGivesTheSameIDs", itemsRepeat},
		{"AnIDIsNeverUsedAgain", itemsNeverAgain},
		{"OnesThatAreGoneOrForeignAreRefused", itemsConflict},
		{"RefusedSavesLeaveThemAlone", itemsRefused},
		{"GoWithTheirCharacter", itemsPurged},
		{"SurviveDeletionAndRestoration", itemsRestored},
		{"InvalidIsRefusedAsAWhole", itemsInvalid},
		{"FiftyThousandInABatchAndNoMore", itemsLimit},
		{"TwentyAtOnceFromOneVersionWriteOnce", itemsRace},
	}
}

// sword is equipment with a different value in every field.
func sword(id store.ItemID, place uint8) store.Item {
	return store.Item{
		ID: id, Place: place, Type: store.ItemWeapon, Number: 202, Quantity: 1, Crafted: true, Gem: 301, Durability: 43,
		Life: 987, Socket: true, Appraised: true, Grade: 4,
	}
}

func stack(id store.ItemID, place uint8, quantity uint32) store.Item {
	return store.Item{ID: id, Place: place, Type: store.ItemMaterial, Number: 17, Quantity: quantity}
}

// owner makes a character and gives it items.
func owner(ctx context.Context, t testing.TB, e Env, user, name string, items ...store.Item) *store.Character {
	t.Helper()
	n := newCharacter(user, name)
	n.Items = items
	c, err := e.Store.CreateCharacter(ctx, n)
	if err != nil {
		t.Fatalf("create %q with items: %v", name, err)
	}
	return c
}

// saveItems is a save of a character's own state with other items.
func saveItems(c *store.Character, key string, items ...store.Item) store.CharacterSave {
	inv := store.Inventory(items)
	return store.CharacterSave{ID: c.ID, Version: c.Version, Key: key, State: c.State, Items: &inv}
}

// wantIDs expects ids, all given and different; 0 in want stands for any.
func wantIDs(t testing.TB, what string, got []store.ItemID, want ...store.ItemID) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: ids %v, want %d of them", what, got, len(want))
		return
	}
	seen := map[store.ItemID]bool{0: true}
	for i, id := range got {
		if seen[id] || want[i] != 0 && id != want[i] {
			t.Errorf("%s: ids %v, want %v", what, got, want)
		}
		seen[id] = true
	}
}

// wantItems reads a character's items again.
func wantItems(ctx context.Context, t testing.TB, e Env, what string, id store.CharacterID, want ...store.Item) {
	t.Helper()
	c, err := e.Store.GetCharacter(ctx, id, store.Fresh)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	wantEqual(t, what, c.Items, store.Inventory(want).Sorted())
}

func itemsMade(t *testing.T, e Env) {
	ctx := testContext(t)
	if c := create(ctx, t, e, "user", "Poor"); c.Items != nil {
		t.Errorf("a character made without items has %v", c.Items)
	}
	c := owner(ctx, t, e, "user", "Hero", stack(0, 42, 999), sword(0, 7), stack(0, 12, 1))
	wantIDs(t, "new items", c.Items.IDs(), 0, 0, 0)
	wantEqual(t, "new items", c.Items, store.Inventory{
		sword(c.Items[0].ID, 7), stack(c.Items[1].ID, 12, 1), stack(c.Items[2].ID, 42, 999),
	})
	wantCharacter(ctx, t, e, c)
	n := newCharacter("user", "Hero")
	again := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
	wantEqual(t, "the same attempt again", again, c)
}

func itemsExtremes(t *testing.T, e Env) {
	ctx := testContext(t)
	var items store.Inventory
	for place := uint8(1); place <= store.MaxPlace; place++ {
		it := store.Item{
			Place: place, Type: store.ItemType(place%14 + 1), Number: store.MaxItemNumber, Quantity: 1, Crafted: true,
			Gem: 511, Durability: 127, Life: 1000, Socket: true, Appraised: true, Grade: 15,
		}
		if it.Type.Stacks() {
			it = store.Item{Place: place, Type: it.Type, Number: 1, Quantity: math.MaxUint32}
		}
		items = append(items, it)
	}
	c := owner(ctx, t, e, "user", "Hero", items...)
	for i := range items {
		items[i].ID = c.Items[i].ID
	}
	wantEqual(t, "items in all places", c.Items, items)
	wantCharacter(ctx, t, e, c)
}

func itemsSaved(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7), stack(0, 42, 10), stack(0, 43, 5))
	wantCharacter(ctx, t, e, c) // in a cache, if there is one
	blade, herbs := c.Items[0].ID, c.Items[1].ID
	e.Clock.Advance(time.Second)

	// The blade is unchanged, the herbs are fewer and elsewhere, the third item
	// is gone, two are new; in no order.
	save1 := saveItems(c, "a", stack(0, 50, 1), stack(herbs, 43, 3), sword(blade, 7), stack(0, 49, 2))
	save1.State.Money = 5
	r := save(ctx, t, e, save1)
	wantSaved(t, "save", r, 2)
	wantIDs(t, "save", r.ItemIDs, 0, herbs, blade, 0)
	want := *c
	want.State, want.Version, want.UpdatedAt = save1.State, 2, e.Clock.Now()
	want.Items = store.Inventory{sword(blade, 7), stack(herbs, 43, 3), stack(r.ItemIDs[3], 49, 2), stack(r.ItemIDs[0], 50, 1)}
	wantCharacter(ctx, t, e, &want)

	r = save(ctx, t, e, saveItems(&want, "b"))
	wantSaved(t, "without any", r, 3)
	if r.ItemIDs != nil {
		t.Errorf("no items have the ids %v", r.ItemIDs)
	}
	want.Items, want.Version = nil, 3
	wantCharacter(ctx, t, e, &want)
}

func itemsKept(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	r := save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Key: "a", State: changed(1)})
	wantSaved(t, "a save without items", r, 2)
	if r.ItemIDs != nil {
		t.Errorf("a save without items answers %v", r.ItemIDs)
	}
	wantItems(ctx, t, e, "what it left alone", c.ID, c.Items...)
}

func itemsSwap(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", stack(0, 12, 1), stack(0, 13, 2), stack(0, 14, 3))
	a, b, d := c.Items[0].ID, c.Items[1].ID, c.Items[2].ID
	wantSaved(t, "round", save(ctx, t, e, saveItems(c, "a", stack(a, 13, 1), stack(b, 14, 2), stack(d, 12, 3))), 2)
	wantItems(ctx, t, e, "round", c.ID, stack(d, 12, 3), stack(a, 13, 1), stack(b, 14, 2))
	c.Version = 2
	r := save(ctx, t, e, saveItems(c, "b", stack(0, 13, 9), stack(a, 12, 1)))
	wantSaved(t, "into the place of one that goes", r, 3)
	wantItems(ctx, t, e, "into the place of one that goes", c.ID, stack(a, 12, 1), stack(r.ItemIDs[0], 13, 9))
}

func itemsRepeat(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	s := saveItems(c, "a", stack(0, 44, 4), sword(c.Items[0].ID, 8), stack(0, 43, 3))
	first := save(ctx, t, e, s)
	wantSaved(t, "first", first, 2)
	for range 2 {
		again := save(ctx, t, e, s)
		wantSaved(t, "repeated", again, 2)
		wantIDs(t, "repeated", again.ItemIDs, first.ItemIDs...)
	}
	// Also at once: one writes, all are told the same.
	c.Version = 2
	s = saveItems(c, "b", stack(0, 44, 4), stack(0, 45, 4))
	got := make([]store.SaveResult, 20)
	wins(t, race(len(got), func(i int) error {
		results, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{s})
		if err == nil {
			got[i] = results[0]
		}
		return err
	}), nil)
	for _, r := range got {
		wantSaved(t, "at once", r, 3)
		wantIDs(t, "at once", r.ItemIDs, got[0].ItemIDs...)
	}
	wantItems(ctx, t, e, "at once", c.ID, stack(got[0].ItemIDs[0], 44, 4), stack(got[0].ItemIDs[1], 45, 4))
}

func itemsNeverAgain(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", stack(0, 12, 1), stack(0, 13, 1))
	last := max(c.Items[0].ID, c.Items[1].ID)
	wantSaved(t, "empty", save(ctx, t, e, saveItems(c, "a")), 2)
	c.Version = 2
	r := save(ctx, t, e, saveItems(c, "b", stack(0, 12, 1)))
	wantSaved(t, "new", r, 3)
	if r.ItemIDs[0] <= last {
		t.Errorf("a new item has id %d after %d was given", r.ItemIDs[0], last)
	}
}

func itemsConflict(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	other := owner(ctx, t, e, "another", "Other", sword(0, 7))
	wantRefused(t, "another's item", save(ctx, t, e, saveItems(c, "a", sword(other.Items[0].ID, 8))), store.ErrItemConflict)
	wantRefused(t, "one that never was", save(ctx, t, e, saveItems(c, "a", sword(math.MaxInt64, 8))), store.ErrItemConflict)
	wantRefused(t, "next to a good one", save(ctx, t, e, saveItems(c, "a", c.Items[0], sword(other.Items[0].ID, 8))), store.ErrItemConflict)
	wantCharacter(ctx, t, e, c)
	wantCharacter(ctx, t, e, other)

	// In one batch without a group nothing passes from one to the other.
	got := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, []store.CharacterSave{
		saveItems(other, "a"), saveItems(c, "a", c.Items[0], sword(other.Items[0].ID, 8)),
	}))
	wantSaved(t, "who gives it up", got[0], 2)
	wantRefused(t, "who wants it", got[1], store.ErrItemConflict)
	wantItems(ctx, t, e, "who gives it up", other.ID)
	wantCharacter(ctx, t, e, c)
	wantRefused(t, "what is gone", save(ctx, t, e, saveItems(c, "a", sword(other.Items[0].ID, 8))), store.ErrItemConflict)
	wantSaved(t, "the refused key with right items", save(ctx, t, e, saveItems(c, "a", c.Items[0])), 2)
}

func itemsRefused(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	begin(ctx, t, e, "user")
	stale, fenced := saveItems(c, "a"), saveItems(c, "b")
	stale.Version, stale.Generation = 9, 1
	wantRefused(t, "a stale version", save(ctx, t, e, stale), store.ErrVersionConflict)
	wantRefused(t, "an old generation", save(ctx, t, e, fenced), store.ErrStaleGeneration)
	wantCharacter(ctx, t, e, c)
}

func itemsPurged(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	e.Clock.Advance(store.DeletionGrace)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 10)); n != 1 {
		t.Fatalf("%d characters were purged, want 1", n)
	}
	e.settle()
	other := create(ctx, t, e, "another", "Other")
	wantRefused(t, "an item of the purged", save(ctx, t, e, saveItems(other, "a", c.Items[0])), store.ErrItemConflict)
}

func itemsRestored(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	wantItems(ctx, t, e, "of a marked character", c.ID, c.Items...)
	got := must[*store.Character](t)(e.Store.RestoreCharacter(ctx, c.ID, "user"))
	wantEqual(t, "items of the restored", got.Items, c.Items)
}

func itemsInvalid(t *testing.T, e Env) {
	ctx := testContext(t)
	c, other := owner(ctx, t, e, "user", "Hero", sword(0, 7)), create(ctx, t, e, "user", "Other")
	edited := func(edit func(*store.Item)) []store.Item {
		it := sword(c.Items[0].ID, 7)
		edit(&it)
		return []store.Item{it}
	}
	for what, items := range map[string][]store.Item{
		"no place":           edited(func(it *store.Item) { it.Place = 0 }),
		"a place too far":    edited(func(it *store.Item) { it.Place = store.MaxPlace + 1 }),
		"no type":            edited(func(it *store.Item) { it.Type = 0 }),
		"a type too far":     edited(func(it *store.Item) { it.Type = 15 }),
		"no number":          edited(func(it *store.Item) { it.Number = 0 }),
		"a number too far":   edited(func(it *store.Item) { it.Number = 1024 }),
		"none of it":         edited(func(it *store.Item) { it.Quantity = 0 }),
		"two swords in one":  edited(func(it *store.Item) { it.Quantity = 2 }),
		"a gem too far":      edited(func(it *store.Item) { it.Gem = 512 }),
		"too durable":        edited(func(it *store.Item) { it.Durability = 128 }),
		"too alive":          edited(func(it *store.Item) { it.Life = 1001 }),
		"too high a grade":   edited(func(it *store.Item) { it.Grade = 16 }),
		"a negative id":      edited(func(it *store.Item) { it.ID = -1 }),
		"a stack with grade": edited(func(it *store.Item) { it.Type = store.ItemGem }),
		"two in one place":   {stack(0, 12, 1), stack(0, 12, 2)},
		"one in two places":  {sword(c.Items[0].ID, 7), sword(c.Items[0].ID, 8)},
	} {
		_, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{saveItems(other, "k"), saveItems(c, "k", items...)})
		wantKind(t, what, err, errs.InvalidArgument)
	}
	wantCharacter(ctx, t, e, c)
	wantCharacter(ctx, t, e, other)
}

func itemsLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	saves := make([]store.CharacterSave, store.MaxBatch)
	for i := range saves {
		items := make([]store.Item, store.MaxBatchItems/store.MaxBatch)
		for j := range items { // as long as they can be
			items[j] = sword(math.MaxInt64-store.ItemID(j), uint8(j)+80) //nolint:gosec // small
		}
		saves[i] = saveItems(c, "k", items...)
		saves[i].ID = store.CharacterID(4_000_000_000 + i) //nolint:gosec // small
	}
	mine := make([]store.Item, len(*saves[0].Items))
	for j := range mine {
		mine[j] = sword(0, uint8(j)+1) //nolint:gosec // small
	}
	saves[700] = saveItems(c, "k", mine...)
	got := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, saves))
	for i, r := range got {
		if i != 700 {
			wantErr(t, "save "+strconv.Itoa(i), r.Err, store.ErrCharacterNotFound)
		}
	}
	wantSaved(t, "the one that exists", got[700], 2)
	wantIDs(t, "the one that exists", got[700].ItemIDs, make([]store.ItemID, len(mine))...)
	more := append(*saves[0].Items, sword(1, 1))
	saves[0].Items = &more
	_, err := e.Store.SaveCharacters(ctx, saves)
	wantKind(t, "one item more", err, errs.InvalidArgument)
}

func itemsRace(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", stack(0, 12, 100))
	outcomes := race(20, func(i int) error {
		// Each splits the stack in its own way.
		n := uint32(i) + 1 //nolint:gosec // small
		got, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{
			saveItems(c, "k"+strconv.Itoa(i), stack(c.Items[0].ID, 12, 100-n), stack(0, 13, n)),
		})
		if err != nil {
			return err
		}
		return got[0].Err
	})
	if n := wins(t, outcomes, store.ErrVersionConflict); n != 1 {
		t.Errorf("%d of 20 saves from one version were written, want 1", n)
	}
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
	sum := uint32(0)
	for _, it := range got.Items {
		sum += it.Quantity
	}
	if len(got.Items) != 2 || sum != 100 {
		t.Errorf("there are %d of 100 in %v", sum, got.Items)
	}
}
