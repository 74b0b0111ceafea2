package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
)

// files lists what is in the folder of a database, without SQLite's own and the
// lock.
func files(t *testing.T, path string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !strings.HasSuffix(f.Name(), "-wal") && !strings.HasSuffix(f.Name(), "-shm") && !strings.HasSuffix(f.Name(), sqlite.LockSuffix) {
			names = append(names, f.Name())
		}
	}
	return names
}

func TestOpenMakesFileAndFolderForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "way stone #1 50%?.db")
	s := open(t, sqlite.Config{Path: path})
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Hero")); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: it holds session tokens", suffix, info.Mode())
		}
	}
	if got := files(t, path); len(got) != 1 {
		t.Errorf("the folder holds %q, want the database alone: a new file needs no copy", got)
	}
}

func TestOpenTwiceKeepsEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	first := open(t, sqlite.Config{Path: path})
	want, err := first.CreateCharacter(t.Context(), newCharacter("user", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, sqlite.Config{Path: path})
	got, err := second.GetCharacter(t.Context(), want.ID, store.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("character (-want +got):\n%s", d)
	}
	if got := files(t, path); len(got) != 1 {
		t.Errorf("the folder holds %q: nothing was migrated the second time", got)
	}
}

func TestOpenInMemory(t *testing.T) {
	t.Parallel()
	s, other := open(t, sqlite.Config{Path: sqlite.Memory}), open(t, sqlite.Config{Path: sqlite.Memory})
	made, err := s.CreateCharacter(t.Context(), newCharacter("user", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetCharacter(t.Context(), made.ID, store.Fresh); err != nil {
		t.Errorf("the store itself: %v", err)
	}
	if _, err := other.GetCharacter(t.Context(), made.ID, store.Fresh); !errors.Is(err, store.ErrCharacterNotFound) {
		t.Errorf("another store: got %v, want memory of its own", err)
	}
	if v, err := s.DataVersion(t.Context()); v != 0 || err != nil {
		t.Errorf("DataVersion: got %d, %v", v, err)
	}
}

// The tables made here are, object by object, those of the website's own
// migration.
func TestOpenMakesTheWebsitesTablesAsItWould(t *testing.T) {
	t.Parallel()
	ours := filepath.Join(t.TempDir(), "ours.db")
	open(t, sqlite.Config{Path: ours})
	theirs := sqlOpen(t, filepath.Join(t.TempDir(), "theirs.db"))
	if _, err := theirs.ExecContext(t.Context(), betterauth.Read("sqlite_schema.sql")); err != nil {
		t.Fatal(err)
	}
	const query = `SELECT coalesce(group_concat(sql, char(10)), '') FROM (
		SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ('user', 'session', 'account', 'verification') ORDER BY name)`
	var got, want string
	if err := sqlOpen(t, ours).QueryRowContext(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if err := theirs.QueryRowContext(t.Context(), query).Scan(&want); err != nil {
		t.Fatal(err)
	}
	if want == "" {
		t.Fatal("the fixture has no tables")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
}

func TestOpenCopiesAWebsitesFileBeforeTheFirstMigration(t *testing.T) {
	t.Parallel()
	path, _ := website(t)
	open(t, sqlite.Config{Path: path})
	copied := path + ".before-1"
	if d := cmp.Diff([]string{"waystone.db", "waystone.db.before-1"}, files(t, path)); d != "" {
		t.Fatalf("files (-want +got):\n%s", d)
	}
	db := sqlOpen(t, copied)
	var users, tables int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "user"`).Scan(&users); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_master WHERE name LIKE 'game_character%'`).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if users != 8 || tables != 0 {
		t.Errorf("the copy has %d users and %d objects of ours, want 8 and 0", users, tables)
	}
}

func TestOpenKeepsAnEarlierCopy(t *testing.T) {
	t.Parallel()
	path, _ := website(t)
	if err := os.WriteFile(path+".before-1", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, sqlite.Config{Path: path})
	if b, err := os.ReadFile(path + ".before-1"); err != nil || string(b) != "precious" {
		t.Errorf("the earlier copy is now %.20q, %v", b, err)
	}
	if got := files(t, path); len(got) != 3 {
		t.Errorf("the folder holds %q, want a second copy", got)
	}
}

func TestOpenNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	schema := betterauth.Read("sqlite_schema.sql")
	for _, column := range []string{`, "banned" integer`, `, "displayUsername" text`, `, "ipAddress" text`} {
		if !strings.Contains(schema, column) {
			t.Fatalf("the fixture has no %s", column)
		}
		schema = strings.Replace(schema, column, "", 1)
	}
	if _, err := sqlOpen(t, path).ExecContext(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if errs.KindOf(err) != errs.FailedPrecondition {
		t.Fatalf("got %v, want a failed precondition", err)
	}
	for _, want := range []string{"column user.banned", "column user.displayUsername", "column session.ipAddress", "WEBSITE_COLUMNS=session.ipAddress=NAME", path} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "user.email") {
		t.Errorf("the error names what is there: %v", err)
	}
}

func TestOpenNamesAMissingTable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	if _, err := sqlOpen(t, path).ExecContext(t.Context(), betterauth.Read("sqlite_schema.sql")+`; DROP TABLE session`); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); err == nil || !strings.Contains(err.Error(), "table session") {
		t.Errorf("got %v, want the missing table named", err)
	}
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, cfg := range map[string]sqlite.Config{
		"no path":                 {},
		"a folder":                {Path: dir},
		"another kind of file":    {Path: garbage},
		"a file as folder":        {Path: filepath.Join(garbage, "waystone.db")},
		"update age over life":    {Path: sqlite.Memory, SessionExpiresIn: time.Hour, SessionUpdateAge: 2 * time.Hour},
		"an update age below 0 s": {Path: sqlite.Memory, SessionExpiresIn: time.Hour, SessionUpdateAge: -1},
	} {
		if s, err := sqlite.Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: the store opened", what)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
