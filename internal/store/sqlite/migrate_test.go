package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// fileAtVersion makes a file as a binary that knew the migrations up to version
// left it, with a character.
func fileAtVersion(t *testing.T, version int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Hero")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := sqlOpen(t, path)
	sources, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, source := range slices.Backward(sources) {
		if i < version {
			break
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		_, down, found := strings.Cut(string(text), "-- +goose Down")
		if !found {
			t.Fatalf("%s cannot be taken back", source)
		}
		exec(t, db, down)
		exec(t, db, fmt.Sprintf("DELETE FROM game_migration WHERE version_id = %d", i+1))
	}
	return path
}

// schema returns what a file is made of.
func schema(t *testing.T, path string) (text string, versions int) {
	t.Helper()
	err := sqlOpen(t, path).QueryRowContext(t.Context(), `SELECT (SELECT group_concat(name, char(10)) FROM
		(SELECT name || ': ' || coalesce(sql, '') AS name FROM sqlite_master ORDER BY name)),
		(SELECT count(*) FROM game_migration)`).Scan(&text, &versions)
	if err != nil {
		t.Fatal(err)
	}
	return text, versions
}

func TestOpenByManyAtOnce(t *testing.T) {
	t.Parallel()
	reference := filepath.Join(t.TempDir(), "reference.db")
	open(t, sqlite.Config{Path: reference})
	_, want := schema(t, reference)

	processes := make([]*process, 4)
	for i := range processes {
		processes[i] = startProcess(t, "open")
	}
	for kind, c := range map[string]struct {
		file   func() string
		copies []string
	}{
		"a new file": {func() string { return filepath.Join(t.TempDir(), "waystone.db") }, nil},
		"a website's file": {func() string {
			path, _ := website(t)
			return path
		}, []string{"waystone.db.before-1"}},
		"a file from before": {func() string { return fileAtVersion(t, 3) }, []string{"waystone.db.before-4"}},
	} {
		for range 5 {
			path := c.file()
			for _, p := range processes {
				p.open(t, path)
			}
			for _, p := range processes {
				p.expect(t, "opened")
			}
			if _, got := schema(t, path); got != want {
				t.Errorf("%s: %d migrations are noted, want %d", kind, got, want)
			}
			if d := cmp.Diff(append([]string{"waystone.db"}, c.copies...), files(t, path)); d != "" {
				t.Errorf("%s: files (-want +got):\n%s", kind, d)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// A process that is killed in the middle of a migration, while another waits
// for it, has done nothing.
func TestOpenBesideAProcessThatIsKilled(t *testing.T) {
	t.Parallel()
	path := fileAtVersion(t, 3)
	exec(t, sqlOpen(t, path), `CREATE TRIGGER pause AFTER INSERT ON game_migration WHEN NEW.version_id = 5
		BEGIN SELECT in_the_middle(); END`)
	killed, waits := startProcess(t, "hang"), startProcess(t, "open")
	killed.open(t, path)
	killed.expect(t, "in the middle")
	before, versions := schema(t, path)
	if versions != 4 { // with number 0
		t.Errorf("in the middle of the migration, %d migrations are noted to others, want 4", versions)
	}
	if strings.Contains(before, "closing_generation") {
		t.Error("others see the half of a migration")
	}
	waits.open(t, path)
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	waits.expect(t, "opened")

	exec(t, sqlOpen(t, path), `DROP TRIGGER pause`)
	s := open(t, sqlite.Config{Path: path})
	if list, err := s.ListCharacters(t.Context(), "user", true, store.Fresh); err != nil || len(list) != 1 {
		t.Errorf("the file has the characters %v, %v; want the one from before", list, err)
	}
	got, versions := schema(t, path)
	reference := filepath.Join(t.TempDir(), "reference.db")
	open(t, sqlite.Config{Path: reference})
	want, wantVersions := schema(t, reference)
	if versions != wantVersions {
		t.Errorf("%d migrations are noted, want %d", versions, wantVersions)
	}
	if objects := func(s string) int { return strings.Count(s, "\n") }; objects(got) != objects(want) {
		t.Errorf("the file has\n%s\nwant as in a new one\n%s", got, want)
	}
	left := slices.DeleteFunc(files(t, path), func(name string) bool { return strings.HasSuffix(name, ".part") }) // by the killed one
	if d := cmp.Diff([]string{"waystone.db", "waystone.db.before-4"}, left); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

// A migration that fails changes nothing, and leaves no copy: a server that is
// started again and again must not fill the disk.
func TestOpenUndoesAMigrationThatFails(t *testing.T) {
	t.Parallel()
	path := fileAtVersion(t, 3)
	exec(t, sqlOpen(t, path), `CREATE TABLE game_attempt (other INTEGER)`) // of migration 5
	before, _ := schema(t, path)
	if s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); err == nil {
		t.Error("the file opened", s.Close())
	} else if !strings.Contains(err.Error(), "migration 5") {
		t.Errorf("the error does not name the migration: %v", err)
	}
	after, _ := schema(t, path)
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("schema (-before +after):\n%s", d)
	}
	if got := files(t, path); len(got) != 1 {
		t.Errorf("the folder holds %q, want the database alone", got)
	}
}

// The table of what has been applied is as goose makes it: binaries from before
// use goose on the same file.
func TestMigrationsAreNotedAsGooseDoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	open(t, sqlite.Config{Path: path})
	m, err := goose.NewProvider(goose.DialectSQLite3, sqlOpen(t, path), os.DirFS("migrations"),
		goose.WithTableName("game_migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	done, err := m.Up(t.Context())
	if err != nil || len(done) != 0 {
		t.Errorf("goose applies %v, %v; want that it finds all applied", done, err)
	}
	have, want, err := m.GetVersions(t.Context())
	if err != nil || have != want {
		t.Errorf("goose finds version %d of %d, %v", have, want, err)
	}
}
