package app_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/app"
)

// A variable that was mistyped is named by every command that reads settings,
// with the one that was meant, and keeps none of them from its work.
func TestUnknownVariablesAreNamed(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "alice", "--no-password")
	e["PACKET_LISTN_ADDR"], e["AUTH_HASH_WORKER"], e["DATABASE_POOL"] = "0.0.0.0", "2", "canary"
	for _, args := range []string{"config", "account list", "db check", "health 127.0.0.1:0", "bot --users a"} {
		r := run(t, e, "", strings.Fields(args)...)
		for _, want := range []string{
			"waystone: warning: PACKET_LISTN_ADDR: no such setting; did you mean PACKET_LISTEN_ADDR?\n",
			"waystone: warning: AUTH_HASH_WORKER: no such setting; did you mean AUTH_HASH_WORKERS?\n",
			"waystone: warning: DATABASE_POOL: no such setting",
		} {
			if strings.Count(r.stderr, want) != 1 {
				t.Errorf("%s does not say %q once: %s", args, want, r.stderr)
			}
		}
		if strings.Contains(r.stderr, "canary") {
			t.Errorf("%s repeats a value: %s", args, r.stderr)
		}
	}
}

// Every word with which a setting begins is one by which a mistake is found.
func TestEveryFirstWordOfASettingIsLookedAt(t *testing.T) {
	t.Parallel()
	var environ []string
	want := map[string]bool{}
	for _, s := range app.Registry().Settings() {
		if first, _, more := strings.Cut(s.Env, "_"); more {
			environ = append(environ, first+"_QQQ=1")
			want[first+"_QQQ: no such setting"] = true
		}
	}
	var out, errs strings.Builder
	if status := app.Main(t.Context(), app.Process{Args: []string{"config"}, Env: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	for w := range want {
		if !strings.Contains(errs.String(), w) {
			t.Errorf("%s is missing", w)
		}
	}
}

// Other programs' variables are theirs.
func TestOrdinaryVariablesAreNotNamed(t *testing.T) {
	t.Parallel()
	r := run(t, env{
		"PATH": "/bin", "HOME": "/root", "LANG": "C", "USER": "x", "TERM": "xterm", "SHELL": "/bin/sh", "PWD": "/", "GOGC": "100", "HOSTNAME": "h",
		"NODE_ENV": "production", "BETTER_AUTH_SECRET": "x", "PORT": "3000", "SESSION_MANAGER": "local/x", "XDG_SESSION_ID": "1", "WAYSTONE_BOT_TOKEN": "x",
		"WORLD_PORT": "tcp://10.0.0.1:50054", "WORLD_SERVICE_HOST": "10.0.0.1", "WORLD_PORT_50054_TCP_ADDR": "10.0.0.1",
	}, "", "config")
	if r.code != 0 || r.stderr != "" {
		t.Errorf("exit status %d: %s", r.code, r.stderr)
	}
}

// A file belongs to Waystone alone, so that an unknown key in it is an error.
func TestAKeyOfTheFileThatIsUnknownStopsTheCommand(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e["WAYSTONE_CONFIG"] = writeFile(t, "log_level = info\npacket_listn_addr = 0.0.0.0\n")
	for _, args := range []string{"config", "serve", "account list", "bot --users a,b"} {
		r := run(t, e, "", strings.Fields(args)...)
		if r.code != 1 || !strings.Contains(r.stderr, "line 2: packet_listn_addr: no such setting") {
			t.Errorf("%s: exit status %d: %s", args, r.code, r.stderr)
		}
	}
	if r := run(t, e, "", "config"); !strings.Contains(r.stderr, "did you mean packet_listen_addr?") {
		t.Errorf("config says %s", r.stderr)
	}
	// A file for a server serves the other commands as well.
	e["WAYSTONE_CONFIG"] = writeFile(t, "packet_listen_addr = 0.0.0.0\nlisten_addr = 0.0.0.0\n")
	ok(t, e, "", "account", "create", "alice", "--no-password")
	refused(t, e, "", 2, []string{"bot", "--users", "a"}, "--users needs two user names")
}
