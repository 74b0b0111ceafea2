package launcher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

// TestMain lets the test binary stand in for the game client: it writes down
// the arguments it was started with.
func TestMain(m *testing.M) {
	if out := os.Getenv("WAYSTONE_FAKE_CLIENT_OUT"); out != "" {
		b, err := json.Marshal(os.Args[1:])
		if err == nil {
			err = os.WriteFile(out+".part", b, 0o600)
		}
		if err == nil {
			err = os.Rename(out+".part", out)
		}
		if err != nil {
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type bench struct {
	t              *testing.T
	dir            string
	stdin          string
	ask            bool
	waits          []time.Duration // between questions to the site; they take no time
	stdout, stderr bytes.Buffer

	browse        func(page string) // is the player's browser; nil for none
	systemBrowser bool              // the browser is the system's
	browsing      sync.WaitGroup
	pageLife      time.Duration
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	t.Cleanup(b.reap) // clients that were started still write into the folder
	return b
}

// reap waits until every program that was started has ended.
func (b *bench) reap() {
	for {
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(-1, &ws, 0, nil); errors.Is(err, syscall.ECHILD) {
			return
		}
	}
}

func (b *bench) run(args ...string) int {
	b.t.Helper()
	b.stdout.Reset()
	b.stderr.Reset()
	l := &launcher.Launcher{
		Args: args, Stdin: strings.NewReader(b.stdin), Stdout: &b.stdout, Stderr: &b.stderr,
		Env: func(key string) string {
			switch key {
			case "WAYSTONE_LAUNCHER_CONFIG":
				return filepath.Join(b.dir, "launcher.conf")
			case "WAYSTONE_LAUNCHER_LOG":
				return b.log()
			case "XDG_DATA_HOME":
				return filepath.Join(b.dir, "share")
			}
			return ""
		},
		AskUser: b.ask, Version: "test", PageLife: b.pageLife,
		Wait: func(ctx context.Context, d time.Duration) error {
			b.waits = append(b.waits, d)
			return ctx.Err()
		},
	}
	if !b.systemBrowser {
		l.Open = func(page string, failed func(error)) {
			if b.browse == nil {
				failed(errors.New("there is none"))
				return
			}
			b.browsing.Go(func() { b.browse(page) })
		}
	}
	defer b.browsing.Wait()
	return l.Run(b.t.Context())
}

func (b *bench) log() string { return filepath.Join(b.dir, "launcher.log") }

func TestStartsTheClientWithExactlyItsArguments(t *testing.T) {
	b := newBench(t)
	out := filepath.Join(b.dir, "args.json")
	t.Setenv("WAYSTONE_FAKE_CLIENT_OUT", out)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if code := b.run("client", exe); code != 0 {
		t.Fatalf("client: %s", &b.stderr)
	}
	if code := b.run("allow", "127.0.0.1"); code != 0 {
		t.Fatalf("allow: %s", &b.stderr)
	}
	if code := b.run(strings.Replace(good, "play.example.org", "127.0.0.1", 1)); code != 0 {
		t.Fatalf("run: %s", &b.stderr)
	}
	if strings.Contains(b.stdout.String()+b.stderr.String(), ticket) {
		t.Error("the ticket was printed")
	}
	got := clientArgs(t, out)
	want := []string{"_server", "127.0.0.1", "_port", "29000", "_direct", "_userid", "alice_01", "_pw", ticket}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("arguments (-want +got):\n%s", d)
	}
}

// clientArgs returns what the client was started with.
func clientArgs(t *testing.T, out string) []string {
	t.Helper()
	var got []string
	for deadline := time.Now().Add(10 * time.Second); ; {
		data, err := os.ReadFile(out)
		if err == nil {
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the client did not start")
		}
		var ws syscall.WaitStatus // yields until the child has ended
		_, _ = syscall.Wait4(-1, &ws, 0, nil)
	}
	return got
}

func TestAskBeforeANewHost(t *testing.T) {
	b := newBench(t)
	if code := b.run("run", good); code != 1 || !strings.Contains(b.stderr.String(), "waystone-launcher allow play.example.org") {
		t.Errorf("nobody to ask: status %d, %s", code, &b.stderr)
	}
	b.ask, b.stdin = true, "n\n"
	if code := b.run("run", good); code != 1 || !strings.Contains(b.stdout.String(), "play.example.org") {
		t.Errorf("answer no: status %d, %s", code, &b.stdout)
	}
	b.run("list")
	if strings.Contains(b.stdout.String(), "play.example.org") {
		t.Error("a refused host was kept")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.run("client", exe)
	out := filepath.Join(b.dir, "args.json")
	t.Setenv("WAYSTONE_FAKE_CLIENT_OUT", out)
	b.stdin = "y\n"
	local := strings.Replace(good, "play.example.org", "127.0.0.1", 1)
	if code := b.run("run", local); code != 0 {
		t.Fatalf("answer yes: %s", &b.stderr)
	}
	b.ask = false
	if code := b.run("run", local); code != 0 {
		t.Errorf("the second time asks again: %s", &b.stderr)
	}
	if code := b.run("forbid", "127.0.0.1"); code != 0 {
		t.Errorf("forbid: %s", &b.stderr)
	}
	if code := b.run("run", local); code != 1 {
		t.Error("a forbidden host is still allowed")
	}
}

func TestSaysWhatIsMissing(t *testing.T) {
	b := newBench(t)
	b.run("allow", "127.0.0.1")
	local := strings.Replace(good, "play.example.org", "127.0.0.1", 1)
	if code := b.run("run", local); code != 1 || !strings.Contains(b.stderr.String(), "waystone-launcher client PATH") {
		t.Errorf("no client: status %d, %s", code, &b.stderr)
	}
	for call, want := range map[string]string{
		"nope":                  `unknown command "nope"; `,
		"alow 127.0.0.1":        `unknown command "alow"; did you mean allow?`,
		"run":                   "run needs a LINK",
		"run a b":               `unexpected argument "b"`,
		local + " and more":     `unexpected argument "and"`,
		"allow":                 "allow needs a HOST",
		"allow -rf":             "unknown flag -rf",
		"list --hepl":           "unknown flag --hepl; did you mean --help?",
		"help nope":             `unknown command "nope"`,
		"http" + local[8:]:      "unknown command; ",
		"allow 127.0.0.1 extra": "`waystone-launcher allow --help` shows how it is called",
	} {
		code := b.run(strings.Fields(call)...)
		if msg := b.stderr.String(); code != 2 || !strings.Contains(msg, want) || strings.Count(msg, "\n") != 1 || strings.Contains(msg, "ticket=") {
			t.Errorf("%s: status %d, want 2 and one line with %q: %s", call, code, want, msg)
		}
	}
	if code := b.run("allow", "--", "-rf"); code != 1 {
		t.Errorf("allow -- -rf: status %d", code)
	}
	none := filepath.Join(b.dir, "no", "such", "file")
	if code := b.run("client", none); code != 1 || !strings.Contains(b.stderr.String(), "the file "+none+" does not exist") {
		t.Errorf("client that is not there: status %d, %s", code, &b.stderr)
	}
	if code := b.run("client", b.dir); code != 1 || !strings.Contains(b.stderr.String(), b.dir+" is not a program") {
		t.Errorf("client that is a folder: status %d, %s", code, &b.stderr)
	}
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"help", "login"}, {"login", "--help"}, {"completion", "bash"}} {
		if code := b.run(args...); code != 0 || !strings.Contains(b.stdout.String(), "waystone-launcher") {
			t.Errorf("%v: status %d, %s", args, code, &b.stderr)
		}
	}
	if err := os.WriteFile(filepath.Join(b.dir, "launcher.conf"), []byte("clint = x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := b.run("list"); code != 1 || !strings.Contains(b.stderr.String(), `line 1: unknown key "clint"`) {
		t.Errorf("bad settings: status %d, %s", code, &b.stderr)
	}
}

func TestRegister(t *testing.T) {
	b := newBench(t)
	t.Setenv("PATH", "") // no xdg-mime
	if code := b.run("register"); code != 0 {
		t.Fatalf("register: %s", &b.stderr)
	}
	data, err := os.ReadFile(filepath.Join(b.dir, "share", "applications", "waystone-launcher.desktop"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MimeType=x-scheme-handler/waystone;", " run %u\n"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the desktop file lacks %q:\n%s", want, data)
		}
	}
}
