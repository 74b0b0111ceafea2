package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv"
	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// build makes the command once for a test.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "testenv")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// needServers skips where the programs are missing, as a private server would.
func needServers(t *testing.T) {
	t.Helper()
	if err := errors.Join(local.HavePostgres(), local.HaveRedis()); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// without is the environment less the servers of the run that this test is
// part of.
func without(t *testing.T, names ...string) []string {
	t.Helper()
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		keep := true
		for _, n := range names {
			keep = keep && n != name
		}
		if keep {
			env = append(env, kv)
		}
	}
	return env
}

// open reports whether somebody listens where a URL points to.
func open(t *testing.T, rawURL string) bool {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		t.Fatalf("URL %q: %v", rawURL, err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

const report = `echo "$TEST_DATABASE_URL"; echo "$TEST_REDIS_URL"; `

func TestRun(t *testing.T) {
	needServers(t)
	bin := build(t)

	t.Run("exit status", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(bin, "run", "--", "sh", "-c", report+"exit 7")
		cmd.Env = without(t, testenv.DatabaseURLVariable, testenv.RedisURLVariable)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 7 {
			t.Fatalf("ended with %v, want status 7", err)
		}
		urls := strings.Fields(string(out))
		if len(urls) != 2 || !strings.HasPrefix(urls[0], "postgres://") || !strings.HasPrefix(urls[1], "redis://") {
			t.Fatalf("the command saw %q", urls)
		}
		for _, u := range urls {
			if open(t, u) {
				t.Errorf("%s outlived the command", u)
			}
		}
	})

	t.Run("servers that are there are used", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(bin, "run", "--", "sh", "-c", report)
		cmd.Env = append(without(t), testenv.DatabaseURLVariable+"=postgres://there", testenv.RedisURLVariable+"=redis://there")
		out, err := cmd.Output()
		if want := "postgres://there\nredis://there\n"; err != nil || string(out) != want {
			t.Errorf("the command saw %q (%v), want %q", out, err, want)
		}
	})

	for name, tt := range map[string]struct {
		script string
		sig    syscall.Signal
		status int
	}{
		"signal ends the command":          {script: `echo ready; exec sleep 600`, sig: syscall.SIGTERM, status: 128 + 15},
		"signal is the command's to judge": {script: `trap 'exit 3' INT; echo ready; while :; do sleep 0.05; done`, sig: syscall.SIGINT, status: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(bin, "run", "--", "sh", "-c", report+tt.script)
			cmd.Env = without(t, testenv.DatabaseURLVariable, testenv.RedisURLVariable)
			urls := started(t, cmd)
			if err := cmd.Process.Signal(tt.sig); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != tt.status {
				t.Errorf("ended with %v, want status %d", err, tt.status)
			}
			for _, u := range urls {
				if open(t, u) {
					t.Errorf("%s outlived the command", u)
				}
			}
		})
	}

	t.Run("usage", func(t *testing.T) {
		t.Parallel()
		var exit *exec.ExitError
		out, err := exec.Command(bin, "go", "test").CombinedOutput()
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !bytes.Contains(out, []byte("usage: testenv run --")) {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// started runs a command until its script says ready, and returns the two URLs
// that it reported.
func started(t *testing.T, cmd *exec.Cmd) []string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var urls []string
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		urls = append(urls, lines.Text())
	}
	if len(urls) != 2 {
		t.Fatalf("the command reported %q", urls)
	}
	return urls
}
