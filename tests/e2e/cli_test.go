package e2e_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// TestCommandLine: both programs answer right and wrong calls with the same
// exit statuses.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program, args, want string
		status              int
	}{
		{"waystone", "--version", "\n", 0},
		{"waystone", "help account ban", "waystone account ban NAME [flags]", 0},
		{"waystone", "completion bash", "complete", 0},
		{"waystone", "serve --chek", "waystone: unknown flag --chek; did you mean --check? `waystone serve --help` lists all settings\n", 2},
		{"waystone", "serv", "did you mean serve?", 2},
		{"waystone", "account ban alice", "there is no embedded database at ./data/waystone.db", 1},
		{"waystone-launcher", "--version", "development\n", 0},
		{"waystone-launcher", "-h", "waystone-launcher [command]", 0},
		{"waystone-launcher", "nope", "waystone-launcher: unknown command \"nope\"; `waystone-launcher --help` lists the commands\n", 2},
		{"waystone-launcher", "client /no/such/file", "waystone-launcher: the file /no/such/file does not exist\n", 1},
	} {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), binary(t, c.program), strings.Fields(c.args)...) //nolint:gosec // the binary under test
		cmd.Dir, cmd.Env = dir, environment(t, map[string]string{"HOME": dir, "XDG_CONFIG_HOME": dir})
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		var exit *exec.ExitError
		status := 0
		if errors.As(err, &exit) {
			status = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s %s: status %d, want %d and %q:\n%s", c.program, c.args, status, c.status, c.want, out.String())
		}
	}
}

// TestABanOnAnotherDatabaseIsNoticed: a shell without the server's DATABASE_URL
// does not ban somebody in a file that nobody serves.
func TestABanOnAnotherDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	pg.Exec(t, betterauth.Read("postgres_schema.sql"))
	p := ports(t, 2)
	ops := "127.0.0.1:" + p[1]
	run(t, map[string]string{
		"DATABASE_URL": pg.URL(), "REDIS_URL": "none", "LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": p[0], "OPS_LISTEN_ADDR": ops, "DRAIN_DELAY": "0s",
	}, "serve", "database").ready(ops)

	shell := map[string]string{"WAYSTONE_DATA": t.TempDir()}
	if _, msg, status := command(t, shell, "", "account", "create", "alice", "--no-password", "--ops-listen-addr=127.0.0.1:0"); status != 0 {
		t.Fatal(msg)
	}
	shell["OPS_LISTEN_ADDR"] = ops
	out, msg, status := command(t, shell, "", "account", "ban", "alice")
	if status != 1 || out != "" || !strings.Contains(msg, "the server at http://"+ops+" runs on PostgreSQL ") || !strings.Contains(msg, "set DATABASE_URL") {
		t.Errorf("status %d: %s%s", status, out, msg)
	}
	// With the server's own database nothing is said of it.
	shell["DATABASE_URL"] = pg.URL()
	if _, msg, _ := command(t, shell, "", "account", "ban", "alice", "--as-website"); strings.Contains(msg, "warning") || !strings.Contains(msg, "no account has") {
		t.Errorf("on the server's database: %s", msg)
	}
}
