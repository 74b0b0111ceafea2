package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// openEnv opens a store on a database of its own that holds the fixture rows.
func openEnv(t testing.TB) storetest.Env {
	t.Helper()
	pg := testenv.Postgres(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.LoadFixtures(t)
	clock := storetest.NewClock()
	s := open(t, postgres.Config{
		URL: pg.URL(), Now: clock.Now, Migrate: true,
		SessionExpiresIn: storetest.SessionExpiresIn, SessionUpdateAge: storetest.SessionUpdateAge,
	})
	return storetest.Env{Engine: "postgres", Store: s, Purger: s, Clock: clock, Website: site}
}

// open opens a store and closes it at the end of the test.
func open(t testing.TB, cfg postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openSQL opens the database beside the store.
func openSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	d := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// website returns a database with one of better-auth's schemas and no rows.
func website(t testing.TB, schema string) *testenv.PG {
	t.Helper()
	pg := testenv.Postgres(t)
	pg.Exec(t, schemaOf(schema))
	return pg
}

func schemaOf(name string) string { return betterauth.Read(name) }
