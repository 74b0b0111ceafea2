package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestParseInventory(t *testing.T) {
	t.Parallel()
	got, err := store.ParseInventory([]byte(`[[9,43,12,17,4294967295,0,0,0,0,0,0,0],[9223372036854775807,7,8,202,1,1,511,127,1000,1,1,15]]`))
	want := store.Inventory{
		{ID: 9223372036854775807, Place: 7, Type: store.ItemWeapon, Number: 202, Quantity: 1, Crafted: true, Gem: 511, Durability: 127, Life: 1000, Socket: true, Appraised: true, Grade: 15},
		{ID: 9, Place: 43, Type: store.ItemMaterial, Number: 17, Quantity: 4294967295},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("(-want +got): %v\n%s", err, d)
	}
	if got, err := store.ParseInventory([]byte(`[]`)); got != nil || err != nil {
		t.Errorf("nothing became %v, %v", got, err)
	}
	for _, text := range []string{
		``, `{}`, `[1]`, `[["a"]]`,
		`[[-1,7,8,202,1,0,0,0,0,0,0,0]]`, `[[1,139,8,202,1,0,0,0,0,0,0,0]]`, `[[1,7,15,202,1,0,0,0,0,0,0,0]]`,
		`[[1,7,8,1024,1,0,0,0,0,0,0,0]]`, `[[1,7,8,202,4294967296,0,0,0,0,0,0,0]]`, `[[1,7,8,202,1,2,0,0,0,0,0,0]]`,
	} {
		if got, err := store.ParseInventory([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "malformed items") {
			t.Errorf("%s became %v, %v", text, got, err)
		}
	}
}

func TestIDsIn(t *testing.T) {
	t.Parallel()
	inv := store.Inventory{{Place: 12}, {Place: 7}, {Place: 30}}
	if d := cmp.Diff([]store.ItemID{5, 9, 0}, inv.IDsIn(store.Inventory{{ID: 9, Place: 7}, {ID: 5, Place: 12}})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSaveGroups(t *testing.T) {
	t.Parallel()
	saves := []store.CharacterSave{{Group: "a"}, {}, {Group: "b"}, {Group: "a"}, {}, {Group: "b"}}
	if d := cmp.Diff([]int{0, 1, 2, 0, 4, 2}, store.SaveGroups(saves)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
