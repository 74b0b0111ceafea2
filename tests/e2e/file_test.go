package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestFileUnderARunningServer: an operator who replaces the file of the embedded
// database under the server is told so, nothing is written meanwhile, and db
// restore does what he meant.
func TestFileUnderARunningServer(t *testing.T) {
	t.Parallel()
	dir, p := t.TempDir(), ports(t, 2)
	file, backup := filepath.Join(dir, "waystone.db"), filepath.Join(t.TempDir(), "backup.db")
	ops, grpc := "127.0.0.1:"+p[1], "127.0.0.1:"+p[0]
	env := map[string]string{
		"DATABASE_URL": "sqlite:" + file, "LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": p[0], "OPS_LISTEN_ADDR": ops, "DRAIN_DELAY": "0s",
	}
	ok := func(args ...string) string {
		t.Helper()
		out, msg, status := command(t, env, "", args...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, msg)
		}
		return out
	}
	server := run(t, env, "serve", "database")
	server.ready(ops)
	ok("account", "create", "alice", "--no-password")
	ok("db", "backup", backup)
	ok("account", "create", "bob", "--no-password")

	// While it serves, nothing is restored.
	_, msg, status := command(t, env, "", "db", "restore", backup)
	if pid := strconv.Itoa(server.cmd.Process.Pid); status != 1 || !strings.Contains(msg, "the server with process id "+pid) || !strings.Contains(msg, "stop it") {
		t.Errorf("restore beside the server: status %d: %s", status, msg)
	}

	// By hand: away with the old file, in with the backup.
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(path string) string { return page(ops, path) }
	const sentence = "was moved, removed or replaced while it was in use, so nothing is written"
	server.until("is not ready", func() bool {
		page := get("/readyz")
		return strings.HasPrefix(page, "503") && strings.Contains(page, sentence)
	})
	if _, msg, status := command(t, env, "", "health", "http://"+ops); status != 1 || !strings.Contains(msg, sentence) {
		t.Errorf("waystone health: status %d: %s", status, msg)
	}
	if page := get("/metrics"); !strings.Contains(page, `waystone_store_file_trouble{trouble="replaced"} 1`) {
		t.Error("the metric does not say that the file was replaced")
	}
	server.until("has logged it", func() bool { return strings.Contains(server.out.String(), sentence) })
	if n := strings.Count(server.out.String(), `msg="health check fails" check=store`); n != 1 {
		t.Errorf("it logged %d lines of it, want one", n)
	}
	_, msg, status = command(t, env, "", "health", "grpc://"+grpc)
	if status != 1 {
		t.Errorf("the health of gRPC: status %d: %s", status, msg)
	}

	// Back in its place, it is as before, and what was acknowledged is there.
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	server.ready(ops)
	if out := ok("account", "list"); !strings.Contains(out, "alice") || !strings.Contains(out, "bob") {
		t.Errorf("the accounts are %s", out)
	}

	// A server that was killed holds no lock. What it wrote last is kept.
	if err := server.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = server.wait() // killed
	out := ok("db", "restore", backup)
	if out := ok("account", "list"); !strings.Contains(out, "alice") || strings.Contains(out, "bob") {
		t.Errorf("after the restore the accounts are %s", out)
	}
	_, kept, _ := strings.Cut(strings.TrimSpace(out), "kept as ")
	env["DATABASE_URL"] = "sqlite:" + kept
	if out := ok("account", "list"); !strings.Contains(out, "bob") {
		t.Errorf("what was kept (%s) has the accounts %s", kept, out)
	}
	env["DATABASE_URL"] = "sqlite:" + file
	run(t, env, "serve", "database").ready(ops)
}
