package app_test

import (
	"maps"
	"net"
	"strings"
	"testing"

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

func TestServeChecksItself(t *testing.T) {
	t.Parallel()
	e := anyPorts(t)
	for range 2 { // the second time on the database that the first one left
		out := ok(t, e, "", "serve", "--check", "--exit")
		if !strings.Contains(out, "The server works") {
			t.Errorf("it printed %q", out)
		}
	}
	if row(t, e, "demo.one") == "" || row(t, e, "demo.two") == "" {
		t.Error("the demo accounts are not there")
	}
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
			return env{"DATABASE_URL": pg.URL(), "REDIS_URL": "none", "CHECK_USERS": "alice_01,bjorn.aa"}
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
