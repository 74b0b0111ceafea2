package storetest

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func tradeTests() []test {
	return []test{
		{"AnItemPassesWithItsID", tradesPass},
		{"AnExchangeInTheSamePlaces", tradesExchange},
		{"AllOrNothing", tradesAllOrNothing},
		{"OneItemHasOneOwner", tradesOneOwner},
		{"RepeatedAnswersAsTheFirstTime", tradesRepeat},
		{"TwoOfOneItemAtOnceMoveItOnce", tradesRace},
		{"ManyAtOnceLoseAndDoubleNothing", tradesRing},
		{"GroupsAreBounded", tradesBounds},
	}
}

// trade saves a group.
func trade(ctx context.Context, t testing.TB, e Env, saves ...store.CharacterSave) []store.SaveResult {
	t.Helper()
	got, err := e.Store.SaveCharacters(ctx, grouped("trade", saves...))
	if err != nil {
		t.Fatalf("SaveCharacters: %v", err)
	}
	if len(got) != len(saves) {
		t.Fatalf("SaveCharacters: %d results for %d saves", len(got), len(saves))
	}
	return got
}

func grouped(name string, saves ...store.CharacterSave) []store.CharacterSave {
	for i := range saves {
		saves[i].Group = name
	}
	return saves
}

func paid(s store.CharacterSave, money int64) store.CharacterSave {
	s.State.Money = money
	return s
}

func tradesPass(t *testing.T, e Env) {
	ctx := testContext(t)
	seller := owner(ctx, t, e, "a", "Seller", sword(0, 7), stack(0, 12, 5))
	buyer := owner(ctx, t, e, "b", "Buyer", stack(0, 12, 1))
	blade := seller.Items[0].ID
	wantCharacter(ctx, t, e, seller)
	wantCharacter(ctx, t, e, buyer)
	got := trade(ctx, t, e,
		paid(saveItems(buyer, "k", buyer.Items[0], sword(blade, 30)), 10),
		paid(saveItems(seller, "k", seller.Items[1]), 90))
	wantSaved(t, "buyer", got[0], 2)
	wantIDs(t, "buyer", got[0].ItemIDs, buyer.Items[0].ID, blade)
	wantSaved(t, "seller", got[1], 2)
	wantItems(ctx, t, e, "buyer", buyer.ID, buyer.Items[0], sword(blade, 30))
	wantItems(ctx, t, e, "seller", seller.ID, seller.Items[1])
	if c := must[*store.Character](t)(e.Store.GetCharacter(ctx, buyer.ID, store.Cached)); c.State.Money != 10 || c.Version != 2 {
		t.Errorf("the buyer has %d at version %d, want 10 at 2", c.State.Money, c.Version)
	}
}

func tradesExchange(t *testing.T, e Env) {
	ctx := testContext(t)
	a, b := owner(ctx, t, e, "a", "A", sword(0, 7)), owner(ctx, t, e, "b", "B", sword(0, 7))
	got := trade(ctx, t, e, saveItems(a, "k", b.Items[0], stack(0, 12, 1)), saveItems(b, "k", a.Items[0]))
	wantSaved(t, "a", got[0], 2)
	wantSaved(t, "b", got[1], 2)
	wantItems(ctx, t, e, "a", a.ID, b.Items[0], stack(got[0].ItemIDs[1], 12, 1))
	wantItems(ctx, t, e, "b", b.ID, a.Items[0])
}

func tradesAllOrNothing(t *testing.T, e Env) {
	ctx := testContext(t)
	seller, buyer := owner(ctx, t, e, "a", "Seller", sword(0, 7)), owner(ctx, t, e, "b", "Buyer", stack(0, 12, 1))
	begin(ctx, t, e, "b")
	give, take := saveItems(seller, "k"), saveItems(buyer, "k", buyer.Items[0], seller.Items[0])
	take.Generation = 1
	for what, c := range map[string]struct {
		edit func(give, take *store.CharacterSave)
		want []error
	}{
		"the taker is stale":    {func(_, take *store.CharacterSave) { take.Version = 7 }, []error{store.ErrGroupRefused, store.ErrVersionConflict}},
		"the taker is fenced":   {func(_, take *store.CharacterSave) { take.Generation = 0 }, []error{store.ErrGroupRefused, store.ErrStaleGeneration}},
		"the giver is stale":    {func(give, _ *store.CharacterSave) { give.Version = 7 }, []error{store.ErrVersionConflict, store.ErrGroupRefused}},
		"the giver is unknown":  {func(give, _ *store.CharacterSave) { give.ID = 4_000_000_000 }, []error{store.ErrCharacterNotFound, store.ErrItemConflict}},
		"the giver keeps quiet": {func(give, _ *store.CharacterSave) { give.Items = nil }, []error{store.ErrGroupRefused, store.ErrItemConflict}},
		"both have it":          {func(give, _ *store.CharacterSave) { give.Items = &seller.Items }, []error{store.ErrItemConflict, store.ErrItemConflict}},
		"not the same group":    {func(give, _ *store.CharacterSave) { give.Group, give.Version = "other", 7 }, []error{store.ErrVersionConflict, store.ErrItemConflict}},
	} {
		saves := grouped("trade", give, take)
		c.edit(&saves[0], &saves[1])
		bystander := create(ctx, t, e, "c"+what, "By"+strconv.Itoa(len(what))+what[:12])
		got := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, append(saves,
			store.CharacterSave{ID: bystander.ID, Version: 1, Key: "k", State: changed(1)})))
		wantRefused(t, what+", giver", got[0], c.want[0])
		wantRefused(t, what+", taker", got[1], c.want[1])
		wantSaved(t, what+", somebody else", got[2], 2)
		wantCharacter(ctx, t, e, seller)
		wantCharacter(ctx, t, e, buyer)
	}
	got := trade(ctx, t, e, give, take)
	wantSaved(t, "giver", got[0], 2)
	wantSaved(t, "taker", got[1], 2)
}

func tradesOneOwner(t *testing.T, e Env) {
	ctx := testContext(t)
	seller := owner(ctx, t, e, "a", "Seller", sword(0, 7))
	b, c := create(ctx, t, e, "b", "B"), create(ctx, t, e, "c", "C")
	got := trade(ctx, t, e, saveItems(seller, "k"), saveItems(b, "k", seller.Items[0]), saveItems(c, "k", seller.Items[0]))
	wantRefused(t, "seller", got[0], store.ErrGroupRefused)
	wantRefused(t, "one buyer", got[1], store.ErrItemConflict)
	wantRefused(t, "the other buyer", got[2], store.ErrItemConflict)
	wantCharacter(ctx, t, e, seller)
}

func tradesRepeat(t *testing.T, e Env) {
	ctx := testContext(t)
	seller, buyer := owner(ctx, t, e, "a", "Seller", sword(0, 7)), create(ctx, t, e, "b", "Buyer")
	give, take := saveItems(seller, "k", stack(0, 12, 3)), saveItems(buyer, "k", seller.Items[0])
	first := trade(ctx, t, e, give, take)
	again := trade(ctx, t, e, give, take)
	for i := range first {
		wantSaved(t, "first", first[i], 2)
		wantSaved(t, "repeated", again[i], 2)
		wantIDs(t, "repeated", again[i].ItemIDs, first[i].ItemIDs...)
	}
	wantItems(ctx, t, e, "buyer", buyer.ID, seller.Items[0])
	wantItems(ctx, t, e, "seller", seller.ID, stack(first[0].ItemIDs[0], 12, 3))

	// One that was written is never written again with another beside it.
	other := create(ctx, t, e, "c", "Other")
	got := trade(ctx, t, e, give, saveItems(other, "k", stack(0, 12, 1)))
	wantSaved(t, "the one that was written", got[0], 2)
	wantRefused(t, "the one beside it", got[1], store.ErrGroupRefused)
	wantCharacter(ctx, t, e, other)

	// When the seller has gone on, his save is a stale one, and nothing moves.
	seller.Version = 2
	wantSaved(t, "next", save(ctx, t, e, saveItems(seller, "l")), 3)
	got = trade(ctx, t, e, give, take)
	wantRefused(t, "seller", got[0], store.ErrVersionConflict)
	wantSaved(t, "buyer", got[1], 2)
	wantItems(ctx, t, e, "buyer in the end", buyer.ID, seller.Items[0])
	wantItems(ctx, t, e, "seller in the end", seller.ID)
}

func tradesRace(t *testing.T, e Env) {
	ctx := testContext(t)
	const buyers = 10
	seller := owner(ctx, t, e, "seller", "Seller", sword(0, 7))
	all := make([]*store.Character, buyers)
	for i := range all {
		all[i] = create(ctx, t, e, "user-"+strconv.Itoa(i), "Buyer"+strconv.Itoa(i))
	}
	outcomes := race(buyers, func(i int) error {
		key := "k" + strconv.Itoa(i)
		saves := grouped("trade", saveItems(seller, key), saveItems(all[i], key, sword(seller.Items[0].ID, 7)))
		if i%2 == 1 {
			saves[0], saves[1] = saves[1], saves[0]
		}
		got, err := e.Store.SaveCharacters(ctx, saves)
		if err != nil {
			return err
		}
		if (got[0].Err == nil) != (got[1].Err == nil) {
			return errors.New("half of a trade was written")
		}
		return got[i%2].Err // the seller's
	})
	if n := wins(t, outcomes, store.ErrVersionConflict); n != 1 {
		t.Errorf("%d of %d trades of one item were made, want 1", n, buyers)
	}
	wantItems(ctx, t, e, "seller", seller.ID)
	owners := 0
	for i, c := range all {
		got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
		owners += len(got.Items)
		if (len(got.Items) == 1) != (outcomes[i] == nil) {
			t.Errorf("buyer %d was told %v and has %v", i, outcomes[i], got.Items)
		}
	}
	if owners != 1 {
		t.Errorf("the item has %d owners", owners)
	}
}

// tradesRing lets neighbours in a ring exchange what they have, all at once.
// Some are refused; in the end each item is where it was said to be, once.
func tradesRing(t *testing.T, e Env) {
	ctx := testContext(t)
	const n, rounds = 8, 6
	all := make([]*store.Character, n)
	for i := range all {
		all[i] = owner(ctx, t, e, "user-"+strconv.Itoa(i), "Name"+strconv.Itoa(i), sword(0, 7), stack(0, 12, 9))
	}
	want := map[store.ItemID]bool{}
	for _, c := range all {
		for _, it := range c.Items {
			want[it.ID] = true
		}
	}
	for round := range rounds {
		for i, err := range race(n, func(i int) error {
			a, b := all[i], all[(i+1)%n]
			key := strconv.Itoa(round) + "-" + strconv.Itoa(i)
			_, err := e.Store.SaveCharacters(ctx, grouped("trade", saveItems(a, key, b.Items...), saveItems(b, key, a.Items...)))
			return err
		}) {
			if err != nil {
				t.Fatalf("round %d, trade %d: %v", round, i, err)
			}
		}
		seen, moved := map[store.ItemID]bool{}, false
		for i, c := range all {
			all[i] = must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
			moved = moved || all[i].Version != c.Version
			for _, it := range all[i].Items {
				if seen[it.ID] || !want[it.ID] {
					t.Fatalf("round %d: item %d is there twice or from nowhere", round, it.ID)
				}
				seen[it.ID] = true
			}
		}
		if len(seen) != len(want) || !moved {
			t.Fatalf("round %d: %d of %d items are left; moved: %v", round, len(seen), len(want), moved)
		}
	}
}

func tradesBounds(t *testing.T, e Env) {
	ctx := testContext(t)
	saves := make([]store.CharacterSave, store.MaxGroupSize+1)
	for i := range saves {
		c := create(ctx, t, e, "user-"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
		saves[i] = store.CharacterSave{ID: c.ID, Version: 1, Key: "k", State: changed(1)}
	}
	_, err := e.Store.SaveCharacters(ctx, grouped("trade", saves...))
	wantKind(t, "one save more than a group may have", err, errs.InvalidArgument)
	for i, r := range trade(ctx, t, e, saves[:store.MaxGroupSize]...) {
		wantSaved(t, "save "+strconv.Itoa(i), r, 2)
	}
}
