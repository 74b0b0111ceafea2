package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/app"
)

// TestPartsInOneProcessNeedNoTokens: SERVICE_TOKENS that names only callers
// from outside does not shut the parts of this process out of each other.
func TestPartsInOneProcessNeedNoTokens(t *testing.T) {
	t.Parallel()
	e := env{
		"WAYSTONE_DATA": t.TempDir(), "OPS_LISTEN_ADDR": "127.0.0.1:0", "DRAIN_DELAY": "0s", "LOG_LEVEL": "error",
		"DATABASE_SERVICE_PORT": "0", "AUTH_SERVICE_PORT": "0", "CHARACTER_SERVICE_PORT": "0", "WORLD_SERVICE_PORT": "0",
		"PACKET_LOGIN_PORT": "0", "PACKET_WORLD_PORT": "0", "PACKET_GAME_PORT": "0",
		"SERVICE_TOKENS": "operator:0123456789abcdef0123456789abcdef",
	}
	var out, errs bytes.Buffer
	status := app.Main(t.Context(), app.Process{
		Args: []string{"serve", "--check", "--exit"}, Stdout: &out, Stderr: &errs, Exit: func(int) {},
		Env: e.list(),
	})
	if status != 0 {
		t.Errorf("status %d\n%s%s", status, out.String(), errs.String())
	}
}

// TestAPartAloneNeedsItsToken: a part that would be refused by every other one
// does not start.
func TestAPartAloneNeedsItsToken(t *testing.T) {
	t.Parallel()
	e := env{"SERVICE_TOKENS": "packet:0123456789abcdef", "SERVICE_PORT": "0", "OPS_LISTEN_ADDR": "127.0.0.1:0"}
	var out, errs bytes.Buffer
	status := app.Main(t.Context(), app.Process{
		Args: []string{"serve", "auth"}, Stdout: &out, Stderr: &errs, Exit: func(int) {},
		Env: e.list(),
	})
	if status != 1 || !strings.Contains(errs.String(), "SERVICE_TOKENS names no token for auth") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

// TestOneTokenForTwoCallersIsRefused by the names of both, and without it.
func TestOneTokenForTwoCallersIsRefused(t *testing.T) {
	t.Parallel()
	e := anyPorts(t)
	e["SERVICE_TOKENS"] = "auth:0123456789abcdef,website:0123456789abcdef"
	r := run(t, e, "", "serve")
	if r.code == 0 || !strings.Contains(r.stderr, "SERVICE_TOKENS") || !strings.Contains(r.stderr, "auth and website") || strings.Contains(r.stderr, "0123456789abcdef") {
		t.Errorf("exit status %d: %s", r.code, r.stderr)
	}
}
