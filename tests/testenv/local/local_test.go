package local_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// TestMain lets the test binary play an owner that is killed: with the
// variable set it starts both servers, prints their addresses and waits.
func TestMain(m *testing.M) {
	if os.Getenv("LOCAL_TEST_OWNER") == "" {
		os.Exit(m.Run())
	}
	os.Exit(own())
}

func needServers(t *testing.T) {
	t.Helper()
	for _, have := range []func() error{local.HavePostgres, local.HaveRedis} {
		if err := have(); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

func TestSettingsThatTheServerRefuses(t *testing.T) {
	needServers(t)
	t.Setenv("TMPDIR", shared(t))
	if _, err := local.Postgres(t.Context(), "no_such_setting=1"); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("postgres: %v, want the server's own words", err)
	}
	if _, err := local.Redis(t.Context(), "no_such_setting=1"); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("redis: %v, want the server's own words", err)
	}
	empty(t)
}

// TestClosedTemporaryDirectory: root's servers run as another user, who cannot
// enter what only root may.
func TestClosedTemporaryDirectory(t *testing.T) {
	needServers(t)
	if os.Geteuid() != 0 {
		t.Skip("only root's servers run as another user")
	}
	dir := shared(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	for name, start := range map[string]func(context.Context, ...string) (*local.Server, error){"postgres": local.Postgres, "redis": local.Redis} {
		_, err := start(t.Context())
		if err == nil || !strings.Contains(err.Error(), "may not enter "+dir+" (mode 0700)") || !strings.Contains(err.Error(), "set TMPDIR") {
			t.Errorf("%s: %v, want the directory named, and TMPDIR", name, err)
		}
	}
	empty(t)
}

func TestStartIsRefusedAfterClose(t *testing.T) {
	t.Parallel()
	needServers(t)
	s, err := local.Redis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("start after close: %v", err)
	}
}

// TestKilledOwner: its servers end with it, and its directories go with the
// next start.
func TestKilledOwner(t *testing.T) {
	needServers(t)
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux ends the servers of a killed owner")
	}
	dir := shared(t)
	t.Setenv("TMPDIR", dir)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOCAL_TEST_OWNER=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // kept open by this process
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var addrs []string
	lines := bufio.NewScanner(out)
	for len(addrs) < 2 && lines.Scan() {
		addrs = append(addrs, lines.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as asked
	if len(addrs) != 2 {
		t.Fatalf("the owner reported %q", addrs)
	}
	for _, addr := range addrs {
		within(t, addr+" to be free", func() bool {
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				_ = conn.Close()
			}
			return err != nil
		})
	}
	left := directories(t, dir)
	if len(left) != 2 {
		t.Fatalf("the owner left %v, want two directories", left)
	}
	for _, d := range left { // as if it had happened a while ago
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(d, "owner.lock"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "the directories to go", func() bool { // the servers may still be writing
		s, err := local.Redis(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return len(directories(t, dir)) == 0
	})
}

// shared makes a directory for temporary files that the servers, too, may
// enter: those of t.TempDir are closed to other users.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "waystone-local-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func directories(t *testing.T, base string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(base, "waystone-testenv-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func empty(t *testing.T) {
	t.Helper()
	if left := directories(t, os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// within polls, for the end of another process's child cannot be waited for.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) { //nolint:forbidigo // see above
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
