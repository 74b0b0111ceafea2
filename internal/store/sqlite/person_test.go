package sqlite_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// A file of version 6 keeps its characters with their items, and its numbers;
// every row becomes that of the user who is there, unless it is older.
func TestRowsOfBeforeBecomeAPersons(t *testing.T) {
	t.Parallel()
	path, site := website(t)
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	site.AddPerson(t, "1", "alicia", now.Add(-2*time.Hour))
	site.AddPerson(t, "2", "mallory", now) // the rows of the id are bobby's
	p, err := goose.NewProvider(goose.DialectSQLite3, site.DB, os.DirFS("migrations"),
		goose.WithTableName("game_migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 6); err != nil {
		t.Fatal(err)
	}
	hourAgo := now.Add(-time.Hour).UnixMilli()
	for _, id := range []string{"1", "2", "3"} {
		for _, query := range []string{
			`INSERT INTO game_character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone, job, level,
				xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points, stamina, money,
				version, create_key, created_at, updated_at)
			VALUES (?1, 'Char' || ?1, 'char' || ?1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k', ?2, ?2)`,
			`INSERT INTO game_item (character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade)
			SELECT id, 42, 10, 1, 5, 0, 0, 0, 0, 0, 0, 0 FROM game_character WHERE user_id = ?1 AND ?2 > 0`,
			`INSERT INTO game_account (user_id, password_hash, loopback_only, created_at, updated_at) VALUES (?1, 'hash', 0, ?2, ?2)`,
			`INSERT INTO game_play (user_id, generation, session_id, digest, address, stage, lease_expires_at)
			VALUES (?1, 5, '', zeroblob(32), '', 1, ?2)`,
		} {
			if _, err := site.DB.ExecContext(ctx, query, id, hourAgo); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The newest of all is gone: its number is not given out again.
	if _, err := site.DB.ExecContext(ctx, `DELETE FROM game_character WHERE user_id = '3'`); err != nil {
		t.Fatal(err)
	}

	s := open(t, sqlite.Config{Path: path})
	for id, want := range map[string]int{"1": 1, "2": 0} {
		list, err := s.ListCharacters(ctx, id, true, store.Fresh)
		if err != nil || len(list) != want {
			t.Errorf("user %s has %d characters, %v; want %d", id, len(list), err, want)
		}
		for _, c := range list {
			if len(c.Items) != 1 || c.Items[0].Quantity != 5 {
				t.Errorf("its items are %+v", c.Items)
			}
		}
		_, err = s.GetGameAccount(ctx, id)
		if want == 1 && err != nil || want == 0 && !errors.Is(err, store.ErrGameAccountNotFound) {
			t.Errorf("the game account of user %s: %v", id, err)
		}
	}
	var adopted, left int
	if err := site.DB.QueryRowContext(ctx, `SELECT count(user_created_at), count(*) FROM (SELECT user_created_at FROM game_character
		UNION ALL SELECT user_created_at FROM game_account UNION ALL SELECT user_created_at FROM game_play)`).Scan(&adopted, &left); err != nil {
		t.Fatal(err)
	}
	if adopted != 3 || left != 8 {
		t.Errorf("%d of %d rows say whose they are, want alice's 3 of 8", adopted, left)
	}
	c, err := s.CreateCharacter(ctx, newCharacter("2", "Own"))
	if err != nil || c.Slot != 0 || c.ID != 4 {
		t.Errorf("a new character: %+v, %v; want number 4 in slot 0", c, err)
	}
	if got, err := s.BeginPlay(ctx, store.NewPlay{UserID: "1", Address: "127.0.0.1", Digest: store.DigestOf("x")}); err != nil || got.Generation != 6 {
		t.Errorf("alice's next play: %+v, %v", got, err)
	}
	if _, err := s.PurgeCharacters(ctx, 10); err != nil {
		t.Error(err)
	}
}

// Some adapters store whole seconds.
func TestPersonsOfAWebsiteThatCountsSeconds(t *testing.T) {
	t.Parallel()
	path, site := website(t)
	ctx := t.Context()
	s := open(t, sqlite.Config{Path: path})
	now := time.Now()
	site.AddPerson(t, "2", "bobby", now)
	set := func(at time.Time) {
		t.Helper()
		if _, err := site.DB.ExecContext(ctx, `UPDATE "user" SET "createdAt" = ?1 WHERE id = '2'`, at.Unix()); err != nil {
			t.Fatal(err)
		}
	}
	set(now.Add(-time.Hour))
	if _, err := s.CreateCharacter(ctx, newCharacter("2", "Hero")); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]int{now: 0, now.Add(-time.Hour): 1} {
		set(at)
		if list, err := s.ListCharacters(ctx, "2", true, store.Fresh); err != nil || len(list) != want {
			t.Errorf("the user made at %v has %d characters, %v; want %d", at, len(list), err, want)
		}
	}
}
