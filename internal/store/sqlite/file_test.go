package sqlite_test

import (
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// wantTrouble checks that an error is the store's and has a sentence about a
// file.
func wantTrouble(t *testing.T, what string, err error, path string, words ...string) {
	t.Helper()
	e := errs.Of(err)
	if e == nil || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%s: %v, want that the store is unavailable", what, err)
		return
	}
	for _, w := range append(words, path) {
		if !strings.Contains(e.Msg, w) {
			t.Errorf("%s: the sentence does not say %q: %s", what, w, e.Msg)
		}
	}
}

// copyFile copies a file's bytes.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// A file that was moved, removed or replaced takes no writes: they would be
// lost. It is noticed by the next write and the next check of readiness, and is
// over when the file is back.
func TestFileThatIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	made, err := s.CreateCharacter(ctx, newCharacter("user", "Before"))
	if err != nil {
		t.Fatal(err)
	}
	backup := path + ".backup"
	if err := s.Backup(ctx, backup); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		suffix  string
		replace bool
	}{
		"moved": {"", false}, "replaced by a backup": {"", true},
		"without its log": {"-wal", false}, "with another log": {"-wal", true}, "without its index": {"-shm", false},
	} {
		rename(t, path+c.suffix, path+".away")
		if c.replace {
			copyFile(t, backup, path+c.suffix)
		}
		_, err := s.CreateCharacter(ctx, newCharacter("user", "Lost"))
		wantTrouble(t, what+", a write", err, path, "nothing is written", "waystone db restore", "put back")
		wantTrouble(t, what+", ready", s.Ping(ctx), path, "nothing is written")
		wantTrouble(t, what+", a look", s.LookAtFile(ctx), path, "nothing is written")
		wantTrouble(t, what+", a backup", s.Backup(ctx, path+".another"), path, "nothing is written")
		if got := s.FileTrouble(); got != sqlite.Replaced {
			t.Errorf("%s: the trouble is %q", what, got)
		}
		if got, err := s.GetCharacter(ctx, made.ID, store.Fresh); err != nil || got.Name != "Before" {
			t.Errorf("%s: a read gives %v, %v", what, got, err)
		}
		rename(t, path+".away", path+c.suffix)
		if err := errors.Join(s.Ping(ctx), s.LookAtFile(ctx)); err != nil || s.FileTrouble() != "" {
			t.Errorf("%s, and back: %v, %q", what, err, s.FileTrouble())
		}
	}
	if _, err := s.CreateCharacter(ctx, newCharacter("user", "After")); err != nil {
		t.Errorf("a write when all is back: %v", err)
	}
	if list, err := s.ListCharacters(ctx, "user", true, store.Fresh); err != nil || len(list) != 2 {
		t.Errorf("the file has %d characters, %v; want those that were acknowledged", len(list), err)
	}
}

// What is committed to a file that has lost its name meanwhile is not
// acknowledged.
func TestFileThatIsReplacedDuringAWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	err := s.During(t.Context(), func() { rename(t, path, path+".away") })
	wantTrouble(t, "the write", err, path, "put back")
}

func TestFileThatIsShortened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	exec(t, sqlOpen(t, path), `PRAGMA wal_checkpoint(TRUNCATE)`) // so that the file has it all
	if err := s.LookAtFile(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	wantTrouble(t, "a look", s.LookAtFile(ctx), path, "cut short", "waystone db restore")
	wantTrouble(t, "ready", s.Ping(ctx), path, "cut short")
	_, err := s.CreateCharacter(ctx, newCharacter("user", "Hero"))
	wantTrouble(t, "a write", err, path, "cut short", "nothing is written")
	if got := s.FileTrouble(); got != sqlite.Shortened {
		t.Errorf("the trouble is %q", got)
	}
	if err := os.Truncate(path, 1<<20); err != nil { // what was there is lost all the same
		t.Fatal(err)
	}
	wantTrouble(t, "ready, when it is as long as before", s.Ping(ctx), path, "cut short")
}

// A VACUUM by another program makes a file shorter, and is no trouble.
func TestFileThatIsVacuumed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	other := sqlOpen(t, path)
	exec(t, other, `CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(1000000)); PRAGMA wal_checkpoint(TRUNCATE)`)
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	look := func(what string) {
		t.Helper()
		if err := errors.Join(s.LookAtFile(t.Context()), s.Ping(t.Context())); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	look("before")
	large := size()
	exec(t, other, `DROP TABLE ballast; VACUUM`)
	look("vacuumed in the log")
	exec(t, other, `PRAGMA wal_checkpoint(TRUNCATE)`)
	exec(t, other, `CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(100000))`)
	look("vacuumed in the file, and grown in the log")
	if size() >= large {
		t.Fatal("the file has not become shorter")
	}
}

func TestFileThatIsDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	if err := open(t, sqlite.Config{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	garbage := []byte(strings.Repeat("rubbish ", int(info.Size()/8)-1024))
	if _, err := f.WriteAt(garbage, 8192); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Config{Path: path})
	wantTrouble(t, "open", err, path, "damaged", "waystone db restore")
}

// A statement that finds the file damaged makes it unready at once.
func TestFileThatIsFoundDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	db := sqlOpen(t, path)
	var page, size int64
	if err := db.QueryRowContext(t.Context(), `SELECT rootpage FROM sqlite_master WHERE name = 'game_character'`).Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), `PRAGMA page_size`).Scan(&size); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `CREATE TABLE other (x); PRAGMA wal_checkpoint(TRUNCATE)`) // so that nothing is read from a cache
	// Opened and closed in another process: here that would drop SQLite's locks.
	startProcess(t, "scribble "+strconv.FormatInt((page-1)*size, 10)).asked(t, path, "scribbled")
	_, err := s.GetCharacter(t.Context(), 1, store.Fresh)
	wantTrouble(t, "a statement", err, path, "damaged", "waystone db restore")
	wantTrouble(t, "ready", s.Ping(t.Context()), path, "damaged")
	wantTrouble(t, "a write elsewhere", s.SetGameAccount(t.Context(), store.GameAccount{UserID: "user"}), path, "damaged")
}

// When there is no room, reads go on, readiness says so, and it is over by
// itself.
func TestFileOnAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	made, err := s.CreateCharacter(ctx, newCharacter("user", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.BoundPages(ctx, 1); err != nil { // as many as there are
		t.Fatal(err)
	}
	for i := 0; err == nil; i++ {
		_, err = s.CreateCharacter(ctx, newCharacter("user"+strconv.Itoa(i), "Name"+strconv.Itoa(i)))
	}
	wantTrouble(t, "a write", err, path, "is full", "free some space")
	wantTrouble(t, "the state of the file", s.FileHealth(ctx), path, "is full")
	if err := s.Ping(ctx); err != nil {
		t.Errorf("ready: %v, want that reads go on", err)
	}
	if _, err := s.GetCharacter(ctx, made.ID, store.Fresh); err != nil {
		t.Errorf("a read: %v", err)
	}
	if got := s.FileTrouble(); got != sqlite.Full {
		t.Errorf("the trouble is %q", got)
	}
	if err := s.BoundPages(ctx, 1<<30); err != nil {
		t.Fatal(err)
	}
	if err := s.LookAtFile(ctx); err != nil || s.FileHealth(ctx) != nil || s.FileTrouble() != "" {
		t.Errorf("with room again: %v, %v, %q", err, s.FileHealth(ctx), s.FileTrouble())
	}
	if _, err := s.CreateCharacter(ctx, newCharacter("late", "Late")); err != nil {
		t.Errorf("a write with room again: %v", err)
	}
}

// A disk that is full in truth. Only root may make a small one.
func TestFileOnADiskThatIsReallyFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mountSmall(t, dir)
	path, ballast := filepath.Join(dir, "waystone.db"), filepath.Join(dir, "ballast")
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk was not filled: %v", err)
	}
	wantTrouble(t, "a look", s.LookAtFile(ctx), path, "is full", "free some space")
	var err error
	for i := 0; err == nil; i++ {
		_, err = s.CreateCharacter(ctx, newCharacter("user"+strconv.Itoa(i), "Name"+strconv.Itoa(i)))
	}
	wantTrouble(t, "a write", err, path, "is full", "free some space")
	if err := s.Ping(ctx); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.LookAtFile(ctx); err != nil || s.FileHealth(ctx) != nil {
		t.Errorf("with room again: %v, %v", err, s.FileHealth(ctx))
	}
}

// A program that keeps the write lock is a trouble until it ends.
func TestFileThatIsLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	other := sqlOpen(t, path)
	exec(t, other, `BEGIN IMMEDIATE`)
	if err := s.BoundWait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	wantTrouble(t, "a look", s.LookAtFile(t.Context()), path, "locked", "another program")
	wantTrouble(t, "the state of the file", s.FileHealth(t.Context()), path, "locked")
	if err := s.Ping(t.Context()); err != nil || s.FileTrouble() != sqlite.Locked {
		t.Errorf("ready: %v; the trouble is %q", err, s.FileTrouble())
	}
	exec(t, other, `ROLLBACK`)
	if err := errors.Join(s.LookAtFile(t.Context()), s.FileHealth(t.Context())); err != nil {
		t.Errorf("when it has ended: %v", err)
	}
}

// What cannot be opened says why, and what to do.
func TestOpenSaysWhatIsAmiss(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.db")
	if err := open(t, sqlite.Config{Path: short}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(short, 8192); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string][]string{
		garbage: {"not a database", "waystone db restore"},
		short:   {"damaged", "waystone db restore"},
		folder:  {"cannot open", "check its path"},
	} {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err == nil {
			t.Errorf("%s opened", path)
			_ = s.Close()
			continue
		}
		wantTrouble(t, "open", err, path, words...)
	}
}

// A user who may not write is told so. The tests may run as root, who may write
// everything: so it is a process of another user.
func TestOpenAsAUserWhoMayNotWrite(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		dir := t.TempDir()
		path := filepath.Join(dir, "waystone.db")
		if err := open(t, sqlite.Config{Path: path}).Close(); err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{path, dir} {
			if err := os.Chmod(c, 0o500); err != nil {
				t.Fatal(err)
			}
			_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			wantTrouble(t, "open", err, path, "cannot be written", "right to write")
		}
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder, of the test
			t.Fatal(err)
		}
		return
	}
	p := startProcess(t, "nobody")
	dir, err := os.MkdirTemp("", "waystone-nobody-") //nolint:usetesting // where another user can come to: the folders above TempDir are of root alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "waystone.db")
	if err := open(t, sqlite.Config{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, path, path + sqlite.LockSuffix} {
		if err := os.Chmod(name, 0o755); err != nil { //nolint:gosec // for the other user
			t.Fatal(err)
		}
	}
	p.open(t, path)
	if !p.answers.Scan() {
		t.Fatal("the process has ended")
	}
	for _, w := range []string{path, "cannot be written", "right to write"} {
		if got := p.answers.Text(); !strings.Contains(got, w) {
			t.Errorf("another user's process answers %s, want %q in it", got, w)
		}
	}
}

// The probe leaves nothing behind.
func TestLookLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	before, err := s.DataVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.LookAtFile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := s.DataVersion(t.Context()); err != nil || after != before {
		t.Errorf("the data version went from %d to %d, %v: a look voids no cache", before, after, err)
	}
	if got := files(t, path); len(got) != 1 {
		t.Errorf("the folder holds %q", got)
	}
	memory := open(t, sqlite.Config{Path: sqlite.Memory})
	if err := memory.LookAtFile(t.Context()); err != nil || memory.FileTrouble() != "" {
		t.Errorf("in memory: %v, %q", err, memory.FileTrouble())
	}
}

// mountSmall mounts a disk of 4 MiB at a folder, for the length of the test.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a small disk is mounted on Linux only; TestFileOnAFullDisk has the same by another way")
	}
	if err := mount(dir); errors.Is(err, fs.ErrPermission) {
		t.Skip("only root may mount a small disk; TestFileOnAFullDisk has the same by another way")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
}

// The last program that closes a file takes the log beside it away. One that opens
// at that moment does not take that for a file that was replaced.
func TestOpenWhileAnotherProgramCloses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	if err := open(t, sqlite.Config{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			db, err := sql.Open("sqlite", path)
			if err == nil {
				_, err = db.ExecContext(t.Context(), `PRAGMA busy_timeout = 10000; CREATE TABLE IF NOT EXISTS other (n); INSERT INTO other VALUES (1)`)
			}
			if err := errors.Join(err, db.Close()); err != nil {
				t.Errorf("the other program: %v", err)
				return
			}
		}
	}()
	for range 50 {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			t.Errorf("open: %v", err)
			break
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	close(stop)
	<-stopped
}
