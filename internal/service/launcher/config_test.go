package launcher_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

// The name of a folder, which may come out of an archive, makes no line of the
// settings: it could name another program to start, or allow a server.
func TestNamesMakeNoSettings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "launcher.conf")
	before := launcher.Config{Path: path, Client: "/home/me/rose/client.exe", Allowed: []string{"play.example.org"}}
	if err := before.Save(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"/games/rose\nrunner = /tmp/evil\nallow = evil.example\n#/client.exe", "/games/rose\r/client.exe", "/games/\x00/client.exe",
	} {
		c := before
		c.Client = name
		if err := c.Save(); err == nil {
			t.Errorf("%q was saved", name)
		}
		if got, err := os.ReadFile(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %q the settings are %q, %v", name, got, err)
		}
	}
}
