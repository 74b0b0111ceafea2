//go:build unix

package sqlite_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// A file that another program has made for everybody is named, with what mends it.
func TestAFileThatEverybodyMayRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	for _, c := range []struct {
		mode os.FileMode
		told bool
	}{{0o600, false}, {0o644, true}, {0o660, false}, {0o666, true}} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		report, err := s.Check(t.Context())
		if err != nil || !report.OK() {
			t.Errorf("mode %o: %+v, %v", c.mode, report, err)
		}
		warned := false
		for _, l := range report.Lines {
			warned = warned || l == store.ReportLine{Object: "mode of the file", OK: true, Warning: true, Detail: l.Detail} && strings.HasSuffix(l.Detail, "chmod o= "+path)
		}
		if logged := strings.Contains(log.String(), "chmod o= "); warned != c.told || logged != c.told {
			t.Errorf("mode %o: warned %v, logged %v, want %v", c.mode, warned, logged, c.told)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
}
