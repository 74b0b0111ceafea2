package postgres_test

import (
	"cmp"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// openEnv opens a store on a database of its own that holds the fixture rows.
func openEnv(t testing.TB) storetest.Env {
	t.Helper()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	clock := storetest.NewClock()
	return env(t, postgres.Config{URL: pg.URL(), Now: clock.Now, Migrate: true}, clock, site)
}

// leastEnvs returns what openEnv does, for the tests below t: on databases that
// they share one after the other, and with a role that has the rights of the
// README, those that it may have besides included, and no others.
func leastEnvs(t testing.TB) func(testing.TB) storetest.Env {
	t.Helper()
	urls := map[string]string{} // as the role, by database
	pool := testenv.NewPool(t, migratedTemplate.Copy, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		pg.Exec(t, schemaOf("seed_postgres.sql"))
		urls[pg.Name()] = leastRole(t, pg, readmeOptions)
	})
	return func(t testing.TB) storetest.Env {
		t.Helper()
		pg := pool.Get(t, schemaOf("rebase_postgres.sql"))
		site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
		clock := storetest.NewClock()
		// A thousand callers at once wait for a connection; more of them only cost
		// the server more processes.
		return env(t, postgres.Config{URL: urls[pg.Name()], Now: clock.Now, MaxConns: 8}, clock, site)
	}
}

// env opens a store, which others may be opened beside.
func env(t testing.TB, cfg postgres.Config, clock *storetest.Clock, site storetest.Website) storetest.Env {
	t.Helper()
	cfg.SessionExpiresIn, cfg.SessionUpdateAge = storetest.SessionExpiresIn, storetest.SessionUpdateAge
	s := open(t, cfg)
	another := func(t testing.TB) store.Store {
		t.Helper()
		return open(t, cfg)
	}
	return storetest.Env{Engine: "postgres", Store: s, Another: another, Purger: s, Clock: clock, Website: site}
}

// leastRole makes the role of the README, with more grants if any, and returns
// the URL to connect as it.
func leastRole(t testing.TB, pg *testenv.PG, more ...func(t testing.TB, role string) string) string {
	t.Helper()
	role, url := pg.Role(t)
	g := readmeGrants(t, role)
	pg.Exec(t, g.read+g.prolong+g.game)
	for _, f := range more {
		pg.Exec(t, f(t, role))
	}
	return url
}

// readmeOptions returns the README's statements for what a role may do besides.
func readmeOptions(t testing.TB, role string) string {
	t.Helper()
	return strings.ReplaceAll(readmeSQL(t, "\n### What may be granted besides\n"), "TO waystone", "TO "+role)
}

// readmeSQL returns the first SQL behind a heading of the README.
func readmeSQL(t testing.TB, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), heading)
	_, sql, ok2 := strings.Cut(section, "```sql\n")
	sql, _, ok3 := strings.Cut(sql, "```\n")
	if !ok || !ok2 || !ok3 {
		t.Fatalf("README.md has no SQL behind %q", heading)
	}
	return regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(sql, "")
}

// grants are statements to read the website's tables, to prolong its sessions,
// and to use our schema.
type grants struct{ read, prolong, game string }

// readmeGrants returns the statements of the README's section on roles, for a
// role.
func readmeGrants(t testing.TB, role string) (g grants) {
	t.Helper()
	sql := readmeSQL(t, "\n## Roles\n")
	for statement := range strings.SplitSeq(strings.ReplaceAll(sql, "TO waystone", "TO "+role), ";") {
		part := &g.read
		switch statement = strings.TrimSpace(statement); {
		case statement == "":
			continue
		case strings.Contains(statement, "SCHEMA game"):
			part = &g.game
		case strings.HasPrefix(statement, "GRANT UPDATE"):
			part = &g.prolong
		}
		*part += statement + ";\n"
	}
	if g.read == "" || g.prolong == "" || g.game == "" {
		t.Fatalf("README.md does not grant everything: %+v", g)
	}
	return g
}

// open opens a store and closes it at the end of the test.
//
// A feed that waits for a slow server, as on a busy machine, waits rather than
// begins anew and tells less than the test made happen.
func open(t testing.TB, cfg postgres.Config) *postgres.Store {
	t.Helper()
	cfg.FeedPatience = cmp.Or(cfg.FeedPatience, 15*time.Second)
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

// migratedTemplate holds better-auth's tables without rows, and our schema.
var migratedTemplate = testenv.NewTemplate(func(t testing.TB, pg *testenv.PG) {
	t.Helper()
	pg.Exec(t, schemaOf("postgres_schema.sql"))
	if _, err := postgres.Migrate(t.Context(), postgres.Config{URL: pg.URL()}); err != nil {
		t.Fatal(err)
	}
})

// migrated returns a copy of migratedTemplate. A test of what migrating does takes
// website.
func migrated(t testing.TB) *testenv.PG {
	t.Helper()
	return migratedTemplate.Copy(t)
}

// website returns a database with one of better-auth's schemas and no rows.
func website(t testing.TB, schema string) *testenv.PG {
	t.Helper()
	pg := testenv.Postgres(t)
	pg.Exec(t, schemaOf(schema))
	return pg
}

// schemaOf returns one of the SQL files made by better-auth.
func schemaOf(name string) string { return betterauth.Read(name) }
