package postgres_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// insertOld makes a character as a binary would that knows no skeletons.
func insertOld(t *testing.T, pg *testenv.PG, name string) {
	t.Helper()
	pg.Exec(t, `INSERT INTO game.character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone,
			job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points,
			stamina, money, version, create_key, created_at, updated_at)
		VALUES ('old ' || '`+name+`', '`+name+`', lower('`+name+`'), 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k',
			now(), now())`)
}

func newNamed(user, name string) store.NewCharacter {
	return store.NewCharacter{UserID: user, Name: name, Key: "key of " + name}
}

// twins are the names with their skeletons and numbers.
func twins(t *testing.T, pg *testenv.PG) []string {
	t.Helper()
	return column(t, openSQL(t, pg.URL()), `SELECT name || ' ' || COALESCE(name_skeleton, '-') || ' ' || name_twin FROM game.character ORDER BY id`)
}

func TestLookAlikesOfBeforeKeepTheirNames(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	cfg := postgres.Config{URL: pg.URL(), Migrate: true}
	if _, err := postgres.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Hero", "Her0", "Borin", "HERo0"} {
		insertOld(t, pg, name)
	}
	s := open(t, cfg)
	if diff := cmp.Diff([]string{"Hero hero 0", "Her0 hero 1", "Borin borln 0", "HERo0 heroo 0"}, twins(t, pg)); diff != "" {
		t.Errorf("after the start (-want +got):\n%s", diff)
	}
	refused := func(what, name string) {
		t.Helper()
		if _, err := s.CreateCharacter(t.Context(), newNamed("new "+name, name)); !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("%s: %v, want %v", what, err, store.ErrNameTaken)
		}
	}
	refused("a look-alike of two", "HER0")
	// The one that came first goes; its twin still has the name.
	pg.Exec(t, `DELETE FROM game.character WHERE name = 'Hero'`)
	refused("a look-alike of the twin", "Hero")
	pg.Exec(t, `DELETE FROM game.character WHERE name = 'Her0'`)
	if _, err := s.CreateCharacter(t.Context(), newNamed("new", "Hero")); err != nil {
		t.Errorf("a name that nobody has any more: %v", err)
	}

	// A binary of before that still runs makes more.
	insertOld(t, pg, "H3ro")
	insertOld(t, pg, "HER0")
	refused("a look-alike of what was made meanwhile", "h3r0")
	if diff := cmp.Diff([]string{"Borin borln 0", "HERo0 heroo 0", "Hero hero 0", "H3ro h3ro 0", "HER0 hero 1"}, twins(t, pg)); diff != "" {
		t.Errorf("after a creation (-want +got):\n%s", diff)
	}
}

// TestSkeletonsAreMadeByManyAtOnce: replicas that start together, and
// creations meanwhile, leave every name with a number of its own.
func TestSkeletonsAreMadeByManyAtOnce(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	cfg := postgres.Config{URL: pg.URL(), Migrate: true, MaxConns: 4}
	if _, err := postgres.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	s := open(t, cfg)
	pg.Exec(t, `INSERT INTO game.character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone,
			job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points,
			stamina, money, version, create_key, created_at, updated_at)
		SELECT 'u' || i, n, lower(n), 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k', now(), now()
		FROM (SELECT i, translate('Name' || i / 2, '1', CASE i % 2 WHEN 0 THEN '1' ELSE 'l' END) n FROM generate_series(0, 2999) i) s
		ON CONFLICT DO NOTHING`)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { open(t, cfg) })
		wg.Go(func() {
			for j := range 10 {
				_, err := s.CreateCharacter(t.Context(), newNamed("new"+strconv.Itoa(i)+strconv.Itoa(j), "NameI"+strconv.Itoa(j)))
				if !errors.Is(err, store.ErrNameTaken) {
					t.Errorf("a look-alike was answered with %v", err)
				}
			}
		})
	}
	wg.Wait()
	if left := column(t, openSQL(t, pg.URL()), `SELECT name FROM game.character WHERE name_skeleton IS NULL`); len(left) > 0 {
		t.Errorf("%d names are without a skeleton", len(left))
	}
	if got := column(t, openSQL(t, pg.URL()), `SELECT count(*)::text FROM game.character WHERE name_twin = 1`); got[0] == "0" {
		t.Error("no name has a twin")
	}
}
