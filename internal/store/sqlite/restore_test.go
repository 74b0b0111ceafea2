package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// names returns the names of the characters in a file.
func names(t *testing.T, path string) string {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.ListCharacters(t.Context(), "user", true, store.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range list {
		all = append(all, c.Name)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// backedUp returns the path of a database with the characters Early and Late,
// whose process was killed: what it wrote last stands in files beside it. The
// backup has Early alone.
func backedUp(t *testing.T) (path, backup string) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: live})
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Early")); err != nil {
		t.Fatal(err)
	}
	backup = filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Late")); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "waystone.db")
	for _, suffix := range []string{"-wal", "-shm", ""} { // the database last: to close it drops SQLite's locks
		copyFile(t, live+suffix, path+suffix)
	}
	return path, backup
}

func TestRestore(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	before, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Restore(t.Context(), backup, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); err == nil {
			t.Errorf("%s is still there: it would go over what was restored", path+suffix)
		}
	}
	if got := names(t, path); got != "Early" {
		t.Errorf("the database has the characters %q, want those of the backup", got)
	}
	if !strings.HasPrefix(r.Kept, path+".before-restore.20") || r.Version == 0 || r.Version != r.Known {
		t.Errorf("it says %+v", r)
	}
	if got := names(t, r.Kept); got != "Early Late" {
		t.Errorf("what was kept has the characters %q, want all from before", got)
	}
	if after, err := os.ReadFile(backup); err != nil || string(after) != string(before) {
		t.Errorf("the backup has changed (%v)", err)
	}
	if _, err := sqlite.Restore(t.Context(), r.Kept, path); err != nil {
		t.Errorf("back to what was kept: %v", err)
	}
	if got := names(t, path); got != "Early Late" {
		t.Errorf("back at what was kept it has the characters %q", got)
	}
	if got := files(t, path); len(got) != 3 { // with what was kept twice
		t.Errorf("the folder holds %q", got)
	}
}

// There may be nothing yet, or nothing that can be read; and files of a database
// that is gone may lie there.
func TestRestoreWhereThereIsNoDatabase(t *testing.T) {
	t.Parallel()
	_, backup := backedUp(t)
	t.Run("a new folder", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "new", "waystone.db")
		if r, err := sqlite.Restore(t.Context(), backup, path); err != nil || r.Kept != "" {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := names(t, path); got != "Early" {
			t.Errorf("it has the characters %q", got)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("it is %v, %v: it holds session tokens", info.Mode(), err)
		}
	})
	t.Run("rubbish", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "waystone.db")
		for _, suffix := range []string{"", "-wal"} { // SQLite would mend it by a good log
			if err := os.WriteFile(path+suffix, []byte(strings.Repeat("rubbish ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := sqlite.Restore(t.Context(), backup, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, path); got != "Early" {
			t.Errorf("it has the characters %q", got)
		}
		if b, err := os.ReadFile(r.Kept); err != nil || !strings.HasPrefix(string(b), "rubbish") {
			t.Errorf("what was there is not kept: %.10q, %v", b, err)
		}
		if _, err := os.Stat(r.Kept + "-wal"); err != nil {
			t.Errorf("its log is not kept with it: %v", err)
		}
	})
	t.Run("a log alone", func(t *testing.T) {
		t.Parallel()
		path, _ := backedUp(t)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Restore(t.Context(), backup, path); err != nil {
			t.Fatal(err)
		}
		if got := names(t, path); got != "Early" {
			t.Errorf("it has the characters %q", got)
		}
	})
}

// A backup that was taken by hand has a log beside it, which belongs to it.
func TestRestoreTakesTheLogOfTheBackup(t *testing.T) {
	t.Parallel()
	byHand, _ := backedUp(t)
	path := filepath.Join(t.TempDir(), "waystone.db")
	if _, err := sqlite.Restore(t.Context(), byHand, path); err != nil {
		t.Fatal(err)
	}
	if got := names(t, path); got != "Early Late" {
		t.Errorf("it has the characters %q, want also what stood in the log", got)
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	want := names(t, path)
	dir := t.TempDir()
	file := func(name string, change func(path string)) string {
		f := filepath.Join(dir, name)
		copyFile(t, backup, f)
		change(f)
		return f
	}
	missing := filepath.Join(dir, "missing.db")
	for from, words := range map[string][]string{
		missing: {"cannot be read"},
		path:    {"the database itself"},
		file("rubbish.db", func(p string) {
			if err := os.WriteFile(p, []byte(strings.Repeat("rubbish ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}): {"rubbish.db", "not a database"},
		file("short.db", func(p string) {
			if err := os.Truncate(p, 16384); err != nil {
				t.Fatal(err)
			}
		}): {"short.db", "damaged"},
		file("foreign.db", func(p string) { exec(t, sqlOpen(t, p), `DROP TABLE game_migration`) }): {"foreign.db", "not one of Waystone"},
		file("newer.db", func(p string) {
			exec(t, sqlOpen(t, p), `INSERT INTO game_migration (version_id, is_applied) VALUES (4711, 1)`)
		}): {"newer.db", "newer Waystone", "4711"},
	} {
		_, err := sqlite.Restore(t.Context(), from, path)
		if errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("%s: %v, want that the file is refused", filepath.Base(from), err)
			continue
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: the error does not say %q: %v", filepath.Base(from), w, err)
			}
		}
	}
	if got := names(t, path); got != want {
		t.Errorf("the database has the characters %q, want %q as before", got, want)
	}
	if got := files(t, path); len(got) != 1 {
		t.Errorf("the folder holds %q", got)
	}
}

// Whoever has the database open keeps it: ourselves by the lock, other programs
// by SQLite's.
func TestRestoreRefusesADatabaseInUse(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	refused := func(what string, words ...string) {
		t.Helper()
		_, err := sqlite.Restore(t.Context(), backup, path)
		if errs.KindOf(err) != errs.FailedPrecondition {
			t.Fatalf("%s: %v, want that it is refused", what, err)
		}
		for _, w := range append(words, path) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: the error does not say %q: %v", what, w, err)
			}
		}
	}
	s := open(t, sqlite.Config{Path: path})
	refused("a command", "another waystone process")
	s.Sign()
	refused("a server", "the server with process id", "stop it")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	site := sqlOpen(t, path)
	exec(t, site, `SELECT * FROM "user"`)
	refused("the website", "another program", "the website")
	if err := site.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Restore(t.Context(), backup, path); err != nil {
		t.Errorf("when all have gone: %v", err)
	}
}
