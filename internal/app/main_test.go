package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/app"
)

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// env is the environment of a test: nothing of the machine's own gets in.
type env map[string]string

func (e env) list() []string {
	var pairs []string
	for name, value := range e {
		pairs = append(pairs, name+"="+value)
	}
	return pairs
}

// newEnv returns an environment with an empty folder for the embedded database,
// in which no server of this machine is asked anything.
func newEnv(t *testing.T) env {
	t.Helper()
	return env{"WAYSTONE_DATA": t.TempDir(), "OPS_LISTEN_ADDR": "127.0.0.1:0"}
}

// run runs a command as a function.
func run(t *testing.T, e env, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := app.Main(t.Context(), app.Process{
		Args: args, Env: e.list(), Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Exit: func(code int) { t.Errorf("%v ended the process with status %d", args, code) },
	})
	return result{code, stdout.String(), stderr.String()}
}

// writeFile writes a file of settings.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waystone.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
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
		for _, name := range []string{"serve", "account", "db", "bot", "packet", "health", "config", "version", "help", "completion"} {
			if !strings.Contains(out, "\n  "+name+" ") {
				t.Errorf("%v does not name the command %s", args, name)
			}
		}
	}
	for args, want := range map[string][]string{
		"account":                   {"waystone account [command]", "set-password"},
		"account help":              {"waystone account [command]"},
		"db -h":                     {"waystone db [command]", "backup"},
		"packet --help":             {"decode"},
		"packet decode -h":          {"waystone packet decode HEX|FILE", "--stage STAGE"},
		"serve --help":              {"waystone serve [PART…] [flags]", "--check ", "--packet-listen-addr", "(PACKET_LISTEN_ADDR)", "--database-url"},
		"serve database --help":     {"      --listen-addr "},
		"help serve":                {"--packet-listen-addr"},
		"config --help":             {"waystone config [PART…] [flags]", "waystone\nserve --help"},
		"health --help":             {"waystone health [TARGET | PART…] [flags]", "TARGET is"},
		"bot --help":                {"WAYSTONE_BOT_USERS", "-n, --number"},
		"account list --help":       {"waystone account list [flags]"},
		"db check --help":           {"waystone db check [flags]"},
		"account ban bob --help":    {"waystone account ban NAME [flags]", "--for", "7d"},
		"help account create":       {"waystone account create NAME [flags]", "--no-game-password", "one on each line"},
		"help account set-password": {"--website"},
	} {
		out := ok(t, env{}, "", strings.Fields(args)...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s does not say %q:\n%s", args, w, out)
			}
		}
	}
	// A command that does not serve says how it is called, and leaves the
	// settings to serve.
	for _, args := range []string{"config --help", "health --help", "account ban --help", "db check --help"} {
		if out := ok(t, env{}, "", strings.Fields(args)...); strings.Contains(out, "PACKET_LISTEN_ADDR") {
			t.Errorf("%s lists the settings", args)
		}
	}
}

// The help of serve has every setting, as a wrong flag is told.
func TestServeHelpListsAllSettings(t *testing.T) {
	t.Parallel()
	out := ok(t, env{}, "", "serve", "--help")
	for _, s := range app.Registry().Settings() {
		if !strings.Contains(out, " "+s.Flag+" ") || !strings.Contains(strings.Join(strings.Fields(out), " "), "("+s.Env+")") {
			t.Errorf("%s is not in the help", s.Flag)
		}
	}
}

// Every command explains itself, and every command with arguments or a choice of
// flags has examples.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short is %q", c.CommandPath(), c.Short)
		}
		path := strings.Fields(c.CommandPath())[1:]
		if out := ok(t, env{}, "", append(path, "--help")...); !strings.Contains(out, "Usage:\n  "+c.CommandPath()) {
			t.Errorf("%s --help printed %q", c.CommandPath(), out)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(app.Commands())
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version", "-v"} {
		if out := ok(t, env{}, "", arg); out != app.Version()+"\n" || app.Version() == "" {
			t.Errorf("%s printed %q, Version is %q", arg, out, app.Version())
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out := ok(t, env{}, "", "completion", shell); !strings.Contains(out, "waystone") {
			t.Errorf("completion for %s printed %q", shell, out)
		}
	}
	for args, want := range map[string]string{
		"account b":               "ban\t",
		"serve pa":                "packet",
		"serve --packet-listen-a": "--packet-listen-addr",
		"help account un":         "unban\t",
	} {
		if out := ok(t, env{}, "", append([]string{"__complete"}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s is completed by %q", args, out)
		}
	}
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"fly":                                  "unknown command \"fly\"; `waystone --help` lists the commands",
		"fly --high":                           `unknown command "fly"`,
		"help fly":                             `unknown command "fly"`,
		"serv":                                 `unknown command "serv"; did you mean serve?`,
		"waystone://play?ticket=canary":        "unknown command; ",
		"serve gateway":                        "unknown part \"gateway\"; the parts are database, auth, character, world, packet",
		"serve database packte":                `unknown part "packte"; did you mean packet?`,
		"serve --exit":                         "--exit goes with --check",
		"serve database --check":               "--check needs all parts in one process",
		"serve --log-level info rest":          `unknown part "rest"`,
		"serve --chek":                         "unknown flag --chek; did you mean --check? `waystone serve --help` lists all settings",
		"serve --zzzzzz":                       "unknown flag --zzzzzz; `waystone serve --help` lists all settings",
		"serve -log-level info":                "unknown flag -log-level; did you mean --log-level?",
		"serve --log-level":                    "--log-level needs a value: write --log-level=VALUE",
		"serve --log-level --check":            "--log-level needs a value: write --log-level=VALUE",
		"serve --check=maybe":                  `--check="maybe": must be true or false`,
		"config gateway":                       `unknown part "gateway"`,
		"config --hepl":                        "did you mean --help?",
		"account rename bob":                   "unknown command \"rename\" of waystone account; `waystone account --help` lists the commands",
		"account bann bob --for 3d":            "did you mean ban?",
		"account create":                       "account create needs the NAME",
		"account ban":                          "account ban needs the NAME",
		"account ban --for 3d":                 "account ban needs the NAME",
		"account ban --reason --for bob":       "--reason needs a value",
		"account ban bob --resaon x":           "unknown flag --resaon; did you mean --reason?",
		"account ban bob --for 7x":             `--for="7x": must be a duration such as 250ms, 5s, 1m30s or 7d`,
		"account unban --for 3s":               "unknown flag --for",
		"account set-password":                 "account set-password needs the NAME",
		"account ticket":                       "account ticket needs the NAME",
		"account ticket bob --port 70000":      `--port="70000": must be`,
		"account list bob":                     `unexpected argument "bob"`,
		"account create bob secret":            `unexpected argument "secret"`,
		"db vacuum":                            `unknown command "vacuum" of waystone db`,
		"db backup":                            "db backup needs the FILE",
		"db check now":                         `unexpected argument "now"`,
		"bot":                                  "--users needs two user names or more",
		"bot --users one":                      "--users needs two user names or more",
		"bot --users one,two rest":             `unexpected argument "rest"`,
		"version now":                          `unexpected argument "now"`,
		"completion tcsh":                      `unknown command "tcsh" of waystone completion`,
		"health http://127.0.0.1:1/readyz too": "unknown part",
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
		Args: []string{"account", "list"}, Env: newEnv(t).list(), Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
	})
	if code != 1 || stderr.Len() == 0 {
		t.Errorf("exit status %d, error %q", code, stderr.String())
	}
}
