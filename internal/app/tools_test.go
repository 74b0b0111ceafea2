package app_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/app"
)

// TestToolsRunInAPartsEnvironment: an operator's command started beside a part
// that runs alone (docker exec) inherits LISTEN_ADDR and SERVICE_PORT, which
// are no business of a command that does not listen.
func TestToolsRunInAPartsEnvironment(t *testing.T) {
	t.Parallel()
	e := env{
		"WAYSTONE_DATA": t.TempDir(), "LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50052", "DATABASE_SERVICE_PORT": "50052",
	}
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		status := app.Main(t.Context(), app.Process{
			Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Exit: func(int) {},
			Env: e.list(),
		})
		return status, errs.String()
	}
	// Commands that look make no database where there is none.
	for _, args := range [][]string{{"account", "list"}, {"account", "ban", "ada"}, {"db", "check"}} {
		if status, msg := run(args...); status != 1 || !strings.Contains(msg, "embedded database") {
			t.Errorf("%v: status %d: %s", args, status, msg)
		}
	}
	if made, err := filepath.Glob(filepath.Join(e["WAYSTONE_DATA"], "*")); err != nil || len(made) > 0 {
		t.Errorf("the folder holds %q, %v", made, err)
	}
	for _, args := range [][]string{
		{"db", "migrate"},
		{"account", "list"},
		{"db", "check"},
		{"db", "backup", filepath.Join(t.TempDir(), "copy.db")},
	} {
		if status, msg := run(args...); status != 0 {
			t.Errorf("%v: status %d: %s", args, status, msg)
		}
	}
	// Nobody listens on this port: the probe fails, and not because of the
	// environment.
	if _, msg := run("health", "http://127.0.0.1:1/readyz"); strings.Contains(msg, "LISTEN_ADDR") {
		t.Errorf("health: %s", msg)
	}
	if status, msg := run("config"); status == 0 || !strings.Contains(msg, "LISTEN_ADDR") {
		t.Errorf("config of all parts took an unprefixed name: status %d, %s", status, msg)
	}
}

// TestOperationsAddressWithoutPort: an image sets the address alone, and each
// part has its own port all the same.
func TestOperationsAddressWithoutPort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ addr, part, asks string }{
		{"0.0.0.0", "database", "http://127.0.0.1:8082/"},
		{"0.0.0.0", "auth", "http://127.0.0.1:8081/"},
		{"::", "packet", "http://127.0.0.1:8085/"},
		{"[::]", "world", "http://127.0.0.1:8084/"},
		{"no-such-host.invalid", "world", "http://no-such-host.invalid:8084/"},
		{"127.0.0.1:1", "database", "http://127.0.0.1:1/"},
		{":1", "database", "http://127.0.0.1:1/"},
	} {
		var out, errs bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // what it would ask is all that matters
		status := app.Main(ctx, app.Process{
			Args: []string{"health", c.part}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Exit: func(int) {},
			Env: []string{"OPS_LISTEN_ADDR=" + c.addr},
		})
		if status != 1 || !strings.Contains(errs.String(), c.asks) {
			t.Errorf("OPS_LISTEN_ADDR=%s, %s: status %d, %s", c.addr, c.part, status, errs.String())
		}
	}
}
