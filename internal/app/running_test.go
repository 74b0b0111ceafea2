package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// statusOf is a server on this machine that says which database it runs on.
func statusOf(t *testing.T, engine, name string) (addr string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/status" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"more": map[string]any{"database": map[string]string{"engine": engine, "name": name}}})
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestCommandsNameTheirDatabase(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	file, copied := filepath.Join(e["WAYSTONE_DATA"], "waystone.db"), filepath.Join(t.TempDir(), "copy.db")
	ok(t, e, "", "account", "create", "alice", "--no-password")
	for _, args := range []string{
		"account list", "account ban alice", "account unban alice", "account ticket alice", "account set-password alice", "account create bob --no-password",
		"db migrate", "db check", "db backup " + copied, "db restore " + copied,
	} {
		r := run(t, e, "", strings.Fields(args)...)
		if first, _, _ := strings.Cut(r.stderr, "\n"); r.code != 0 || first != "waystone: database: embedded file "+file {
			t.Errorf("%s: exit status %d: %s", args, r.code, r.stderr)
		}
	}
	pg := env{"DATABASE_URL": "postgres://operator:canary@127.0.0.1:1/website", "OPS_LISTEN_ADDR": "127.0.0.1:0"}
	for _, args := range []string{"account list", "account ban alice --as-website", "db migrate", "db check"} {
		r := run(t, pg, "", strings.Fields(args)...)
		if r.code != 1 || !strings.HasPrefix(r.stderr, "waystone: database: PostgreSQL 127.0.0.1:1/website as operator\n") || strings.Contains(r.stderr, "canary") {
			t.Errorf("%s: exit status %d: %s", args, r.code, r.stderr)
		}
	}
}

// A command that looks for something makes no database where there is none.
func TestNoDatabaseIsMadeByTheWay(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	copied := filepath.Join(t.TempDir(), "copy.db")
	for _, args := range []string{
		"account list", "account ban alice", "account unban alice", "account ticket alice", "account set-password alice",
		"account set-password --website alice", "db check", "db backup " + copied,
	} {
		refused(t, e, "correct horse\n", 1, strings.Fields(args), "there is no embedded database at "+e["WAYSTONE_DATA"], "is DATABASE_URL set", "WAYSTONE_DATA")
	}
	for _, path := range []string{filepath.Join(e["WAYSTONE_DATA"], "waystone.db"), copied} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made", path)
		}
	}
}

func TestACommandComparesItsDatabaseWithTheServers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "alice", "--no-password")
	on := func(engine, name string) env {
		return env{"WAYSTONE_DATA": e["WAYSTONE_DATA"], "OPS_LISTEN_ADDR": statusOf(t, engine, name)}
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	ok(t, e, "", "db", "backup", copied)
	other := on("postgresql", "PostgreSQL db.example/website")
	for _, args := range []string{"ban alice", "unban alice", "create bob --no-password", "set-password alice", "ticket alice"} {
		refused(t, other, "", 1, append([]string{"account"}, strings.Fields(args)...),
			"runs on PostgreSQL db.example/website", "would change the embedded file "+e["WAYSTONE_DATA"], "set DATABASE_URL", "--other-database")
	}
	if line := row(t, e, "alice"); strings.Contains(line, "yes") {
		t.Errorf("alice is listed as %q", line)
	}
	ok(t, other, "", "account", "list")
	refused(t, other, "", 1, []string{"db", "restore", copied}, "runs on PostgreSQL db.example/website", "--other-database")
	ok(t, other, "", "account", "ban", "alice", "--other-database")
	ok(t, other, "", "db", "restore", copied, "--other-database")
	r := run(t, on("embedded", "embedded file /elsewhere/waystone.db"), "", "account", "unban", "alice")
	if r.code != 0 || !strings.Contains(r.stderr, "waystone: warning: the server at http://") || !strings.Contains(r.stderr, "/elsewhere/waystone.db") {
		t.Errorf("a server on another file: exit status %d: %s", r.code, r.stderr)
	}
	r = run(t, on("embedded", "embedded file "+filepath.Join(e["WAYSTONE_DATA"], "waystone.db")), "", "account", "ban", "alice")
	if r.code != 0 || strings.Contains(r.stderr, "warning") {
		t.Errorf("a server on the same file: exit status %d: %s", r.code, r.stderr)
	}
}
