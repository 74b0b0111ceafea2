package sqlite_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

func TestLookAlikesOfBeforeKeepTheirNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	if err := open(t, sqlite.Config{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	beside := sqlOpen(t, path)
	insertOld := func(name string) {
		t.Helper()
		// As a binary does that knows no skeletons.
		if _, err := beside.ExecContext(t.Context(), `INSERT INTO game_character (user_id, name, name_key, slot, gender, birth_stone, hair, face,
				zone, x, y, revive_zone, job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense,
				stat_points, skill_points, stamina, money, version, create_key, created_at, updated_at)
			VALUES ('old ' || ?1, ?1, lower(?1), 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k', 0, 0)`, name); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(name string) {
		t.Helper()
		if _, err := beside.ExecContext(t.Context(), `DELETE FROM game_character WHERE name = ?1`, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Hero", "Her0", "Borin", "HERo0"} {
		insertOld(name)
	}
	s := open(t, sqlite.Config{Path: path})
	if diff := cmp.Diff([]string{"Hero hero 0", "Her0 hero 1", "Borin borln 0", "HERo0 heroo 0"}, twins(t, beside)); diff != "" {
		t.Errorf("after the start (-want +got):\n%s", diff)
	}
	refused := func(what, name string) {
		t.Helper()
		if _, err := s.CreateCharacter(t.Context(), newCharacter("new "+name, name)); !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("%s: %v, want %v", what, err, store.ErrNameTaken)
		}
	}
	refused("a look-alike of two", "HER0")
	// The one that came first goes; its twin still has the name.
	remove("Hero")
	refused("a look-alike of the twin", "Hero")
	remove("Her0")
	if _, err := s.CreateCharacter(t.Context(), newCharacter("new", "Hero")); err != nil {
		t.Errorf("a name that nobody has any more: %v", err)
	}

	// A binary of before that still runs makes more. What refuses is undone as a
	// whole, so the skeletons are made for good with the next that succeeds.
	insertOld("H3ro")
	insertOld("HER0")
	refused("a look-alike of what was made meanwhile", "h3r0")
	if _, err := s.CreateCharacter(t.Context(), newCharacter("new", "Cato")); err != nil {
		t.Fatal(err)
	}
	want := []string{"Borin borln 0", "HERo0 heroo 0", "Hero hero 0", "H3ro h3ro 0", "HER0 hero 1", "Cato cato 0"}
	if diff := cmp.Diff(want, twins(t, beside)); diff != "" {
		t.Errorf("after a creation (-want +got):\n%s", diff)
	}
}

// twins are the names with their skeletons and numbers.
func twins(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name || ' ' || COALESCE(name_skeleton, '-') || ' ' || name_twin FROM game_character ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
