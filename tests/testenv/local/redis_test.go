package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// program writes a program that prints a text and ends.
func program(t *testing.T, dir, name, text string) {
	t.Helper()
	script := "#!/bin/sh\necho '" + text + "'\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil { //nolint:gosec // it has to be run
		t.Fatal(err)
	}
}

func TestRedisThatIsTooOld(t *testing.T) {
	for text, want := range map[string]string{
		"Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64": "version 6.2.14, and the tests need 7 or later",
		"Server v=6.0 sha=0":        "version 6.0, and the tests need 7 or later",
		"something else altogether": "names no version",
	} {
		dir := t.TempDir()
		t.Setenv("PATH", dir+":/bin:/usr/bin")
		program(t, dir, "redis-server", text)
		_, err := local.Redis(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %q and the program", text, err, want)
		}
	}
}

func TestValkeyWillDo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := local.HaveRedis(); err == nil || !strings.Contains(err.Error(), "valkey-server") {
		t.Errorf("with no server: %v, want both names", err)
	}
	program(t, dir, "valkey-server", "Valkey server v=6.9 sha=0")
	if err := local.HaveRedis(); err != nil {
		t.Errorf("with valkey-server: %v", err)
	}
	if _, err := local.Redis(t.Context()); err == nil || !strings.Contains(err.Error(), "valkey-server is version 6.9") {
		t.Errorf("started: %v, want valkey-server asked for its version", err)
	}
}
