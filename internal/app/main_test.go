package app_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/app"
)

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// env is the environment of a test: nothing of the machine's own gets in.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

// newEnv returns an environment with an empty folder for the embedded database.
func newEnv(t *testing.T) env {
	t.Helper()
	return env{"WAYSTONE_DATA": t.TempDir()}
}

// run runs a command as a function.
func run(t *testing.T, e env, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := app.Main(t.Context(), app.Process{
		Args: args, Env: e.lookup, Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Exit: func(code int) { t.Errorf("%v ended the process with status %d", args, code) },
	})
	return result{code, stdout.String(), stderr.String()}
}

// ok runs a command that must succeed and returns what it printed.
func ok(t *testing.T, e env, stdin string, args ...string) string {
	t.Helper()
	r := run(t, e, stdin, args...)
	if r.code != 0 {
		t.Fatalf("%v: exit status %d: %s", args, r.code, r.stderr)
	}
	return r.stdout
}

// refused runs a command that must fail with a status, print nothing to
// standard output, and say why in words that hold each of want.
func refused(t *testing.T, e env, stdin string, code int, args []string, want ...string) {
	t.Helper()
	r := run(t, e, stdin, args...)
	if r.code != code {
		t.Errorf("%v: exit status %d, want %d: %s", args, r.code, code, r.stderr)
	}
	if r.stdout != "" {
		t.Errorf("%v: printed %q to standard output", args, r.stdout)
	}
	if !strings.HasPrefix(r.stderr, "waystone: ") {
		t.Errorf("%v: the error does not say who speaks: %q", args, r.stderr)
	}
	for _, w := range want {
		if !strings.Contains(r.stderr, w) {
			t.Errorf("%v: the error does not say %q: %s", args, w, r.stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}} {
		out := ok(t, env{}, "", args...)
		for _, name := range []string{"serve", "account", "db", "bot", "packet", "health", "config", "version", "help"} {
			if !strings.Contains(out, "\n  waystone "+name+" ") {
				t.Errorf("%v does not name the command %s", args, name)
			}
		}
	}
	for _, args := range [][]string{{"account"}, {"account", "help"}, {"account", "-h"}, {"account", "--help"}} {
		if out := ok(t, env{}, "", args...); !strings.Contains(out, "waystone account create NAME") {
			t.Errorf("%v printed %q", args, out)
		}
	}
	for _, args := range [][]string{{"db"}, {"db", "help"}, {"db", "-h"}, {"db", "--help"}} {
		if out := ok(t, env{}, "", args...); !strings.Contains(out, "waystone db backup FILE") {
			t.Errorf("%v printed %q", args, out)
		}
	}
	for args, want := range map[string]string{
		"serve --help":           "PACKET_LISTEN_ADDR",
		"serve database --help":  "\n  --listen-addr",
		"config --help":          "DATABASE_URL",
		"health --help":          "OPS_LISTEN_ADDR",
		"bot --help":             "WAYSTONE_BOT_USERS",
		"account list --help":    "WAYSTONE_ACCOUNT_REASON",
		"db check --help":        "DATABASE_URL",
		"account ban bob --help": "WAYSTONE_ACCOUNT_FOR",
	} {
		if out := ok(t, env{}, "", strings.Fields(args)...); !strings.Contains(out, want) {
			t.Errorf("%s does not name %q", args, want)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if out := ok(t, env{}, "", "version"); out != app.Version()+"\n" || app.Version() == "" {
		t.Errorf("version printed %q, Version is %q", out, app.Version())
	}
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"fly":                                  `no command "fly"; see waystone help`,
		"serve gateway":                        `no part "gateway"; parts are database, auth, character, world, packet`,
		"serve database gateway":               `no part "gateway"`,
		"serve --exit":                         "--exit goes with --check",
		"serve database --check":               "--check needs all parts in one process",
		"serve --log-level info rest":          `unexpected argument "rest"`,
		"config gateway":                       `no part "gateway"`,
		"account rename bob":                   `no command account "rename"; see waystone account help`,
		"account create":                       "account create needs the NAME",
		"account ban":                          "account ban needs the NAME",
		"account unban --for 3s":               "account unban needs the NAME",
		"account set-password":                 "account set-password needs the NAME",
		"account ticket":                       "account ticket needs the NAME",
		"account list bob":                     `unexpected argument "bob"`,
		"account create bob secret":            `unexpected argument "secret"`,
		"db vacuum":                            `no command db "vacuum"; see waystone db help`,
		"db backup":                            "db backup needs the FILE",
		"db check now":                         `unexpected argument "now"`,
		"bot":                                  "--users needs two user names or more",
		"bot --users one":                      "--users needs two user names or more",
		"bot --users one,two rest":             `unexpected argument "rest"`,
		"health http://127.0.0.1:1/readyz too": `unexpected argument "too"`,
	} {
		refused(t, newEnv(t), "", 2, strings.Fields(args), want)
	}
}

func TestHealthOfNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"health", "--ops-listen-addr", "127.0.0.1:0"},
		{"health", "packet", "--ops-listen-addr", "0.0.0.0:0"},
		{"health", "http://127.0.0.1:0/readyz"},
		{"health", "127.0.0.1:0"},
	} {
		refused(t, env{}, "", 1, args, "127.0.0.1:0")
	}
	refused(t, env{}, "", 1, []string{"health", "nowhere"}, "nowhere", "must be host:port")
}

func TestACancelledCommandEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := app.Main(ctx, app.Process{
		Args: []string{"account", "list"}, Env: newEnv(t).lookup, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
	})
	if code != 1 || stderr.Len() == 0 {
		t.Errorf("exit status %d, error %q", code, stderr.String())
	}
}
