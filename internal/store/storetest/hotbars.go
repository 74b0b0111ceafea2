package storetest

import (
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func hotbarTests() []test {
	return []test{
		{"IsWrittenWithTheState", hotbarsSaved},
		{"RefusedSavesLeaveItAlone", hotbarsRefused},
		{"InvalidIsRefusedAsAWhole", hotbarsInvalid},
	}
}

// fullHotbar has something on every place, with the largest indices among it.
func fullHotbar() store.Hotbar {
	var bar store.Hotbar
	for i := range bar {
		bar[i] = store.HotbarSlot{Kind: store.HotbarCommand, Index: uint16(i)} //nolint:gosec // below 32
	}
	bar[1] = store.HotbarSlot{Kind: store.HotbarItem, Index: store.MaxPlace}
	bar[2] = store.HotbarSlot{Kind: store.HotbarSkill, Index: 119}
	bar[3] = store.HotbarSlot{Kind: store.HotbarEmote, Index: 2047}
	bar[4] = store.HotbarSlot{Kind: store.HotbarDialog, Index: 1}
	bar[31] = store.HotbarSlot{Kind: store.HotbarClanSkill, Index: 29}
	return bar
}

// saveHotbar is a save of a character's own state with another quick bar.
func saveHotbar(c *store.Character, key string, bar *store.Hotbar) store.CharacterSave {
	return store.CharacterSave{ID: c.ID, Version: c.Version, Key: key, State: c.State, Hotbar: bar}
}

func hotbarsSaved(t *testing.T, e Env) {
	ctx := testContext(t)
	c := owner(ctx, t, e, "user", "Hero", sword(0, 7))
	wantEqual(t, "the bar of a new character", c.Hotbar, store.Hotbar{})
	wantCharacter(ctx, t, e, c) // in a cache, if there is one
	e.Clock.Advance(time.Second)

	bar, empty := fullHotbar(), store.Hotbar{}
	for i, step := range []struct {
		what string
		set  *store.Hotbar
		want store.Hotbar
	}{
		{"a full bar", &bar, bar},
		{"a save without a bar", nil, bar},
		{"an empty bar", &empty, empty},
	} {
		c.State.XP++
		if got := save(ctx, t, e, saveHotbar(c, step.what, step.set)); got.Err != nil {
			t.Fatalf("%s: %v", step.what, got.Err)
		}
		c.Version, c.UpdatedAt, c.Hotbar = int64(i)+2, e.Clock.Now(), step.want
		wantCharacter(ctx, t, e, c)
	}

	// Two characters of one batch, each with its own.
	other := create(ctx, t, e, "user", "Other")
	half := store.Hotbar{5: {Kind: store.HotbarSkill, Index: 3}}
	results, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{saveHotbar(c, "both", nil), saveHotbar(other, "both", &half)})
	if err != nil || results[0].Err != nil || results[1].Err != nil {
		t.Fatalf("two at once: %v, %v", results, err)
	}
	other.Version, other.UpdatedAt, other.Hotbar = 2, e.Clock.Now(), half
	c.Version++
	wantCharacter(ctx, t, e, c)
	wantCharacter(ctx, t, e, other)
}

func hotbarsRefused(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	bar := fullHotbar()
	stale := saveHotbar(c, "stale", &bar)
	stale.Version = 7
	wantErr(t, "a save of another version", save(ctx, t, e, stale).Err, store.ErrVersionConflict)
	wantCharacter(ctx, t, e, c)
	for range 2 { // a repeat is answered and not written
		if got := save(ctx, t, e, saveHotbar(c, "right", &bar)); got.Err != nil || got.Version != 2 {
			t.Fatalf("got %+v", got)
		}
	}
}

func hotbarsInvalid(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	for what, slot := range map[string]store.HotbarSlot{
		"an unknown kind":        {Kind: 7},
		"the largest kind":       {Kind: 31, Index: 2047},
		"nothing with an index":  {Kind: store.HotbarNone, Index: 1},
		"an item of no place":    {Kind: store.HotbarItem},
		"an item beyond the bag": {Kind: store.HotbarItem, Index: store.MaxPlace + 1},
		"a skill beyond them":    {Kind: store.HotbarSkill, Index: 120},
		"an index of 12 bits":    {Kind: store.HotbarEmote, Index: 2048},
	} {
		bar := store.Hotbar{31: slot}
		_, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{saveHotbar(c, "bad", &bar)})
		wantKind(t, what, err, errs.InvalidArgument)
	}
	wantCharacter(ctx, t, e, c)
}
