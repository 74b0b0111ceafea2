package sqlite_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// Whatever a program does, the database refuses what no item can be, and shows
// what another program put there.
func TestTheDatabaseRefusesWhatNoItemCanBe(t *testing.T) {
	t.Parallel()
	path, site := website(t)
	s := open(t, sqlite.Config{Path: path})
	hero, err := s.CreateCharacter(t.Context(), newCharacter("u", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	insert := func(character store.CharacterID, columns string) error {
		_, err := site.DB.ExecContext(t.Context(), `INSERT INTO game_item (character_id, place, type, number, quantity, crafted, gem,
			durability, life, socket, appraised, grade) VALUES (?, `+columns+`)`, uint32(character))
		return err
	}
	if err := insert(hero.ID, `7, 8, 202, 1, 1, 511, 127, 1000, 1, 0, 15`); err != nil {
		t.Fatal(err)
	}
	for what, columns := range map[string]string{
		"a place that is taken":  `7, 8, 1, 1, 1, 0, 0, 0, 1, 1, 0`,
		"no place":               `0, 8, 1, 1, 1, 0, 0, 0, 1, 1, 0`,
		"a place too far":        `139, 8, 1, 1, 1, 0, 0, 0, 1, 1, 0`,
		"no type":                `1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0`,
		"money as an item":       `1, 31, 1, 1, 1, 0, 0, 0, 1, 1, 0`,
		"no number":              `1, 8, 0, 1, 1, 0, 0, 0, 1, 1, 0`,
		"two in one":             `1, 8, 1, 2, 1, 0, 0, 0, 1, 1, 0`,
		"none of it":             `1, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0`,
		"more than there can be": `1, 10, 1, 4294967296, 0, 0, 0, 0, 0, 0, 0`,
		"a stack with a gem":     `1, 10, 1, 1, 0, 1, 0, 0, 0, 0, 0`,
		"a gem too far":          `1, 8, 1, 1, 1, 512, 0, 0, 1, 1, 0`,
		"too alive":              `1, 8, 1, 1, 1, 0, 0, 1001, 1, 1, 0`,
	} {
		if insert(hero.ID, columns) == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if insert(hero.ID+1, `7, 8, 1, 1, 1, 0, 0, 0, 1, 1, 0`) == nil {
		t.Error("an item of no character was taken")
	}
	for _, money := range []string{"-1", "1000000000000000"} {
		if _, err := site.DB.ExecContext(t.Context(), `UPDATE game_character SET money = `+money); err == nil {
			t.Errorf("money %s was taken", money)
		}
	}
	got, err := s.GetCharacter(t.Context(), hero.ID, store.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	want := store.Inventory{{
		ID: 1, Place: 7, Type: store.ItemWeapon, Number: 202, Quantity: 1, Crafted: true, Gem: 511, Durability: 127,
		Life: 1000, Socket: true, Grade: 15,
	}}
	if d := cmp.Diff(want, got.Items); d != "" {
		t.Errorf("items (-inserted +read):\n%s", d)
	}
	var n int
	if err := site.DB.QueryRowContext(t.Context(), `SELECT 1 FROM game_item WHERE character_id <> ?`, uint32(hero.ID)).Scan(&n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("items of others: %d, %v", n, err)
	}
}
