package app_test

import (
	"database/sql"
	"errors"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// anyPorts lets a server of all parts take ports that are free.
func anyPorts(t *testing.T) env {
	t.Helper()
	e := newEnv(t)
	for _, name := range []string{
		"DATABASE_SERVICE_PORT", "AUTH_SERVICE_PORT", "CHARACTER_SERVICE_PORT", "WORLD_SERVICE_PORT",
		"PACKET_LOGIN_PORT", "PACKET_WORLD_PORT", "PACKET_GAME_PORT",
	} {
		e[name] = "0"
	}
	e["OPS_LISTEN_ADDR"], e["DRAIN_DELAY"] = "127.0.0.1:0", "0s"
	return e
}

// TestServeChecksItself, and its bots leave nothing in the database: every table
// has the rows that it had before.
func TestServeChecksItself(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		e := anyPorts(t)
		ok(t, e, "", "account", "create", "alice", "--no-password", "--no-website-password")
		db, err := sql.Open("sqlite", "file:"+filepath.Join(e["WAYSTONE_DATA"], "waystone.db")+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		leavesNothing(t, e, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		pg := testenv.Postgres(t)
		for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
			pg.Exec(t, betterauth.Read(f))
		}
		e := anyPorts(t)
		e["DATABASE_URL"], e["REDIS_URL"] = pg.URL(), testenv.Redis(t)
		ok(t, e, "", "db", "migrate")
		db, err := sql.Open("pgx", pg.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		leavesNothing(t, e, db, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'game')`)
	})
}

func leavesNothing(t *testing.T, e env, db *sql.DB, tables string) {
	t.Helper()
	before := rowsIn(t, db, tables)
	out := ok(t, e, "", "serve", "--check", "--exit")
	for _, want := range []string{"ok  the database answers", "ok  bot-2 logs out", "The server works"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if after := rowsIn(t, db, tables); !maps.Equal(before, after) {
		t.Errorf("rows before the check: %v; after it: %v", before, after)
	}
}

// rowsIn counts the rows of each table that a query names.
func rowsIn(t *testing.T, db *sql.DB, tables string) map[string]int {
	t.Helper()
	var names []string
	rows, err := db.QueryContext(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, name := range names {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+name).Scan(&n); err != nil { //nolint:gosec // names from the catalog
			t.Fatal(err)
		}
		counts[name] = n
	}
	if len(counts) < 10 {
		t.Fatalf("there are tables %v only", names)
	}
	return counts
}

func TestServeNamesTheSettingOfATakenPort(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AUTH_SERVICE_PORT": port, "PACKET_LOGIN_PORT": port, "OPS_LISTEN_ADDR": ln.Addr().String(),
	} {
		e := anyPorts(t)
		e[name] = value
		e["LOG_LEVEL"] = "warn"
		r := run(t, e, "", "serve")
		// One line: nothing is said of the units that stop because of it.
		if r.code != 1 || !strings.Contains(r.stderr, name) || !strings.Contains(r.stderr, port) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s=%s: exit status %d: %s", name, value, r.code, r.stderr)
		}
	}
}

// An ordinary stop warns of nothing, though the parts lose each other in it.
func TestAnOrdinaryStopWarnsOfNothing(t *testing.T) {
	t.Parallel()
	r := run(t, anyPorts(t), "", "serve", "--check", "--exit")
	_, stop, leaving := strings.Cut(r.stderr, "msg=leaving ")
	if r.code != 0 || !leaving || !strings.Contains(stop, "all units have stopped") {
		t.Fatalf("exit status %d, and it logged:\n%s", r.code, r.stderr)
	}
	if strings.Contains(stop, "level=WARN") || strings.Contains(stop, "level=ERROR") {
		t.Errorf("it warned while it stopped:\n%s", stop)
	}
}

// An ordinary start warns of nothing, though what parts do for each other comes
// in its time: on PostgreSQL the change feed needs a while.
func TestAnOrdinaryStartWarnsOfNothing(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]func(t *testing.T) env{
		"embedded": func(*testing.T) env { return nil },
		"PostgreSQL": func(t *testing.T) env {
			t.Helper()
			pg := testenv.Postgres(t)
			for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
				pg.Exec(t, betterauth.Read(f))
			}
			return env{"DATABASE_URL": pg.URL(), "REDIS_URL": "none"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := anyPorts(t)
			maps.Copy(e, more(t))
			r := run(t, e, "", "serve", "--check", "--exit")
			start, _, leaving := strings.Cut(r.stderr, "msg=leaving ")
			if r.code != 0 || !leaving || !strings.Contains(start, "msg=ready ") {
				t.Fatalf("exit status %d, and it logged:\n%s", r.code, r.stderr)
			}
			if strings.Contains(start, "level=WARN") || strings.Contains(start, "level=ERROR") {
				t.Errorf("it warned while it started:\n%s", start)
			}
		})
	}
}

// A variable that is not used is warned of in the log, or beside it.
func TestServeWarnsOfUnknownVariables(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]string{
		"warn":  `level=WARN msg="a variable of the environment is not used" cause="PACKET_LISTN_ADDR: no such setting; did you mean PACKET_LISTEN_ADDR?"`,
		"error": "waystone: warning: PACKET_LISTN_ADDR: no such setting; did you mean PACKET_LISTEN_ADDR?",
	} {
		e := anyPorts(t)
		e["LOG_LEVEL"], e["PACKET_LISTN_ADDR"] = level, "0.0.0.0"
		e["OPS_LISTEN_ADDR"] = "192.0.2.1:0" // nobody's address: it does not start
		if r := run(t, e, "", "serve"); r.code != 1 || strings.Count(r.stderr, want) != 1 {
			t.Errorf("LOG_LEVEL=%s: exit status %d: %s", level, r.code, r.stderr)
		}
	}
}
