package postgres_test

import (
	"database/sql"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestMigrateByManyAtOnce(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	cfg := postgres.Config{URL: pg.URL()}
	var wg sync.WaitGroup
	counts := make([]int, 6)
	for i := range counts {
		wg.Go(func() {
			var err error
			if counts[i], err = postgres.Migrate(t.Context(), cfg); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	files, err := os.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	if total != len(files) {
		t.Errorf("applied %d migrations in all, there are %d", total, len(files))
	}
	if n, err := postgres.Migrate(t.Context(), cfg); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
}

func TestEveryTableAndColumnIsDescribed(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	if _, err := postgres.Migrate(t.Context(), postgres.Config{URL: pg.URL()}); err != nil {
		t.Fatal(err)
	}
	got := column(t, openSQL(t, pg.URL()), `
SELECT c.relname || COALESCE('.' || a.attname, '')
FROM pg_class c
LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT NULL, 0) a ON true
WHERE c.relnamespace = 'game'::regnamespace AND c.relkind = 'r'
  AND COALESCE(CASE a.attnum WHEN 0 THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END, '') = ''`)
	if len(got) > 0 {
		t.Errorf("without a COMMENT: %q", got)
	}
	if tables := column(t, openSQL(t, pg.URL()), `SELECT relname FROM pg_class WHERE relnamespace = 'game'::regnamespace AND relkind = 'r'`); len(tables) < 5 {
		t.Errorf("tables of the schema game: %q", tables)
	}
	if fks := column(t, openSQL(t, pg.URL()), `SELECT conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid
		WHERE c.contype = 'f' AND r.relnamespace <> 'game'::regnamespace`); len(fks) > 0 {
		t.Errorf("foreign keys that leave the schema game: %q", fks)
	}
}

func TestOpenRefusesASchemaThatIsBehind(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL()})
	wantSentence(t, err, errs.FailedPrecondition, "version 0", "waystone db migrate", "switched off")
	name, url := pg.Role(t)
	pg.Exec(t, `GRANT SELECT ON "user", session TO `+name)
	_, err = postgres.Open(t.Context(), postgres.Config{URL: url, Migrate: true})
	wantSentence(t, err, errs.FailedPrecondition, "version 0", "waystone db migrate", "may not change")
	_, err = postgres.Migrate(t.Context(), postgres.Config{URL: url})
	wantSentence(t, err, errs.FailedPrecondition, "GRANT CREATE ON DATABASE", "owner")
}

func TestOpenAcceptsASchemaThatIsAhead(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	cfg := postgres.Config{URL: pg.URL(), Migrate: true}
	if _, err := postgres.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, `INSERT INTO game.schema_version (version_id, is_applied) VALUES (99999, true)`)
	open(t, cfg)
}

// The grants are those of README.md, so that it cannot be wrong about them.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.LoadFixtures(t)
	role, url := pg.Role(t)
	cfg := postgres.Config{URL: url, Migrate: true}

	_, err := postgres.Open(t.Context(), cfg)
	wantSentence(t, err, errs.FailedPrecondition, "GRANT SELECT", `"public"."user"`, `"public"."session"`, role)

	if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).MakeFeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	grants := readmeGrants(t, role)
	pg.Exec(t, grants.read)
	_, err = postgres.Open(t.Context(), cfg)
	wantSentence(t, err, errs.FailedPrecondition, "GRANT USAGE ON SCHEMA game")
	pg.Exec(t, grants.game)

	ctx := t.Context()
	clock := storetest.NewClock()
	cfg.Now = clock.Now
	withoutUpdate := open(t, cfg)
	alice, err := withoutUpdate.GetUserByUsername(ctx, "alice_01", store.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	expires := clock.Now().Add(time.Hour)
	site.AddSession(t, "s", "tok", alice.ID, expires)
	if sess, _, err := withoutUpdate.RefreshSession(ctx, "tok"); err != nil || !sess.ExpiresAt.Equal(expires) {
		t.Errorf("without the grant to prolong: %v, %v; want the session as it is", sess, err)
	}
	pg.Exec(t, grants.prolong)
	s := open(t, cfg)
	if sess, _, err := s.RefreshSession(ctx, "tok"); err != nil || !sess.ExpiresAt.After(expires) {
		t.Errorf("with it: %v, %v", sess, err)
	}
	if report, err := s.Check(ctx); err != nil || !report.OK() {
		t.Errorf("check: %v, %+v", err, report)
	}

	made, err := s.CreateCharacter(ctx, store.NewCharacter{UserID: alice.ID, Name: "Hero", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.SaveCharacters(ctx, []store.CharacterSave{{ID: made.ID, Version: 1, Key: "s"}}); err != nil || r[0].Err != nil {
		t.Errorf("save: %v, %v", r, err)
	}
	if _, err := s.DeleteCharacter(ctx, made.ID, alice.ID); err != nil {
		t.Error(err)
	}
	clock.Advance(store.DeletionGrace)
	if n, err := s.PurgeCharacters(ctx, 10); n != 1 || err != nil {
		t.Errorf("purge: %d, %v", n, err)
	}
	if err := s.SetGameAccount(ctx, store.GameAccount{UserID: alice.ID}); err != nil {
		t.Error(err)
	}
	if err := s.SetBan(ctx, alice.ID, store.Ban{Banned: true}); errs.ReasonOf(err) != "WEBSITE_READ_ONLY" {
		t.Errorf("a ban by a role that may only read: got %v", err)
	}
	if _, err := s.CreateUser(ctx, store.NewUser{Username: "ben", Name: "Ben", Email: "b@c"}); errs.ReasonOf(err) != "WEBSITE_READ_ONLY" {
		t.Errorf("a user made by a role that may only read: got %v", err)
	}
}

func TestApplicationNameAndPoolSize(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, MaxConns: 2})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.GetUser(t.Context(), "x", store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	pool, err := pgxpool.New(t.Context(), pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	// The server lists the connection that migrated for a moment after it was
	// closed; a pool that is too large stays so.
	var n int
	for deadline := time.Now().Add(10 * time.Second); ; {
		err = pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'waystone'`, pg.Name()).Scan(&n)
		if err != nil || n >= 1 && n <= 2 || time.Now().After(deadline) {
			break
		}
	}
	if err != nil || n < 1 || n > 2 {
		t.Errorf("%d connections are named waystone, want 1 or 2 (%v)", n, err)
	}
}

func column(t *testing.T, d *sql.DB, query string) []string {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
