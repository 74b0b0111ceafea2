package postgres_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// The rows of a schema of version 6 become those of the user who is there, unless
// they are older.
func TestRowsOfBeforeBecomeAPersons(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	ctx := t.Context()
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	now := time.Now().UTC()
	site.AddPerson(t, "1", "alice", now.Add(-2*time.Hour))
	site.AddPerson(t, "2", "mallory", now) // the rows of the id are bobby's
	schema, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, string(schema))
	p, err := goose.NewProvider(goose.DialectPostgres, site.DB, os.DirFS("migrations"),
		goose.WithTableName("game.schema_version"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 6); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		pg.Exec(t, `INSERT INTO game.character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone,
				job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points,
				stamina, money, version, create_key, created_at, updated_at)
			VALUES ('`+id+`', 'Char`+id+`', 'char`+id+`', 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k',
				now() - interval '1 hour', now());
			INSERT INTO game.account VALUES ('`+id+`', 'hash', false, now() - interval '1 hour', now() - interval '1 hour');
			INSERT INTO game.play (user_id, generation, session_id, digest, address, stage, lease_expires_at)
			VALUES ('`+id+`', 5, '', decode(repeat('00', 32), 'hex'), '', 1, now() - interval '1 hour')`)
	}
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	for id, want := range map[string]int{"1": 1, "2": 0} {
		if list, err := s.ListCharacters(ctx, id, true, store.Fresh); err != nil || len(list) != want {
			t.Errorf("user %s has %d characters, %v; want %d", id, len(list), err, want)
		}
		_, err := s.GetGameAccount(ctx, id)
		if want == 1 && err != nil || want == 0 && !errors.Is(err, store.ErrGameAccountNotFound) {
			t.Errorf("the game account of user %s: %v", id, err)
		}
	}
	told := column(t, site.DB, `SELECT user_id FROM game.character WHERE user_created_at IS NOT NULL
		UNION ALL SELECT user_id FROM game.account WHERE user_created_at IS NOT NULL
		UNION ALL SELECT user_id FROM game.play WHERE user_created_at IS NOT NULL`)
	if len(told) != 3 || told[0] != "1" || told[1] != "1" || told[2] != "1" {
		t.Errorf("rows of %q say whose they are, want alice's 3", told)
	}
	c, err := s.CreateCharacter(ctx, store.NewCharacter{UserID: "2", Name: "Own", Key: "k"})
	if err != nil || c.Slot != 0 {
		t.Errorf("a new character: %+v, %v; want it in slot 0", c, err)
	}
}

// Who is hidden by row-level security is not gone: nothing of theirs is marked,
// and what was marked before is not removed.
func TestSweepStopsWhenRowsAreHidden(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	ctx := t.Context()
	clock := storetest.NewClock()
	owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Now: clock.Now})
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	for _, id := range []string{"1", "2"} {
		site.AddPerson(t, id, "user"+id, clock.Now().Add(-time.Hour))
		if _, err := owner.CreateCharacter(ctx, store.NewCharacter{UserID: id, Name: "Name" + id, Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if err := owner.SetGameAccount(ctx, store.GameAccount{UserID: id, PasswordHash: "hash"}); err != nil {
			t.Fatal(err)
		}
	}
	role, url := pg.Role(t)
	grants := readmeGrants(t, role)
	pg.Exec(t, grants.read+grants.game)
	s := open(t, postgres.Config{URL: url, Now: clock.Now})
	rules := store.SweepRules{Grace: time.Hour, MaxGone: 1000}

	pg.Exec(t, `ALTER TABLE "user" ENABLE ROW LEVEL SECURITY; CREATE POLICY self ON "user" FOR SELECT USING (id = '1')`)
	if done, err := s.Sweep(ctx, rules); !errors.Is(err, store.ErrWebsiteHidden) || done.Marked+done.Removed != 0 {
		t.Errorf("with hidden rows: %+v, %v", done, err)
	}
	pg.Exec(t, `ALTER TABLE "user" DISABLE ROW LEVEL SECURITY; DELETE FROM "user" WHERE id = '2'`)
	if done, err := s.Sweep(ctx, rules); err != nil || done.Marked != 1 || done.Removed != 1 {
		t.Errorf("without: %+v, %v; want the character of the one who is gone marked and the account removed", done, err)
	}
	clock.Advance(time.Hour)
	pg.Exec(t, `ALTER TABLE "user" ENABLE ROW LEVEL SECURITY`)
	if done, err := s.Sweep(ctx, rules); !errors.Is(err, store.ErrWebsiteHidden) || done.Purged != 0 {
		t.Errorf("at the end of the grace with hidden rows: %+v, %v", done, err)
	}
	if _, err := owner.GetCharacter(ctx, 2, store.Fresh); err != nil {
		t.Errorf("the character that was marked: %v", err)
	}
}
