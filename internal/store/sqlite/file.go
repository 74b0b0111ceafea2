package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Trouble is something that can be wrong with a database file.
type Trouble string

// The troubles. With the first three nothing is written, because it would be
// lost or do more damage. With the others reads go on, and writes are tried.
const (
	Replaced    Trouble = "replaced"    // the file, or what SQLite keeps beside it, is not the one that was opened
	Shortened   Trouble = "shortened"   // the file has lost its end
	Damaged     Trouble = "damaged"     // what is in it is no database, or not a whole one
	ReadOnly    Trouble = "read_only"   // the file or its folder may not be written
	Full        Trouble = "full"        // there is no room on the disk
	Locked      Trouble = "locked"      // another program holds the write lock, and does not end
	Unreachable Trouble = "unreachable" // the system does not read, write or open it
)

// Troubles returns all of them.
func Troubles() []Trouble {
	return []Trouble{Replaced, Shortened, Damaged, ReadOnly, Full, Locked, Unreachable}
}

// sentences say what is wrong with a path and what to do next.
var sentences = map[Trouble]string{ //nolint:gochecknoglobals // a constant table
	Replaced: "the database file %s, or its -wal or -shm, was moved, removed or replaced while it was in use, so nothing is written: " +
		"put back what was there, or stop the server, run `waystone db restore FILE`, and start it again",
	Shortened: "the database file %s was cut short while it was in use, so nothing is written: " +
		"stop the server, run `waystone db restore FILE` with a backup, and start it again",
	Damaged: "the file %s is not a database, or a damaged one: " +
		"stop the server, run `waystone db restore FILE` with a backup, and start it again",
	ReadOnly: "the database file %s or its folder cannot be written: " +
		"give both to the user that runs the server, with the right to write, on a file system that is not mounted read-only",
	Full: "the disk that holds %s is full, or a quota on it: free some space",
	Locked: "another program, such as the website, keeps the database file %s locked for longer than is waited: " +
		"end its transaction, or stop it",
	Unreachable: "the system cannot open, read or write %s: check its path, its owner, the disk and the system's log",
}

// troubleOf returns what an error of the driver or the system means for a file;
// "" if it means nothing.
func troubleOf(err error) Trouble {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return systemTrouble(err)
	}
	if e.Code() == sqlite3.SQLITE_READONLY_DBMOVED {
		return Replaced
	}
	switch e.Code() & 0xff { // the rest says which kind of it
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return Damaged
	case sqlite3.SQLITE_READONLY:
		return ReadOnly
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return Locked
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return Unreachable
	}
	return ""
}

func systemTrouble(err error) Trouble {
	var e syscall.Errno
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ReadOnly
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Full
	case errors.As(err, &e):
		return Unreachable
	}
	return ""
}

// explain returns the error of the contract that says what is wrong with a file.
func explain(t Trouble, path string, cause error) *errs.Error {
	return store.ErrUnavailable.With(sentences[t], path).Wrap(cause)
}

// explained returns err, or the error of explain if err means a trouble of the
// file.
func explained(path string, err error) error {
	var known *errs.Error
	if t := troubleOf(err); t != "" && !errors.As(err, &known) {
		return explain(t, path, err)
	}
	return err
}

// finding is a trouble and its error.
type finding struct {
	trouble Trouble
	err     *errs.Error
}

// watchedFile knows what is wrong with an open file. The zero value, for a
// database in memory, never finds anything.
type watchedFile struct {
	path string

	mu    sync.Mutex
	ids   map[string]fs.FileInfo // by path, of the file and what is beside it
	floor int64                  // bytes that the file has at least
	fatal *finding               // until the file is opened again
	told  *finding               // by a statement, until a write succeeds
	found *finding               // by the last look
}

// suffixes of the files that SQLite has open together.
var suffixes = []string{"", "-wal", "-shm"} //nolint:gochecknoglobals // a constant list

// identify remembers which files are open. Before this process has a connection, it
// is the database file alone, because another process may remove the other files
// when it closes. Later it is all of them. A file that does not exist is not used.
func (f *watchedFile) identify(which ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := map[string]fs.FileInfo{}
	for _, suffix := range which {
		info, err := os.Stat(f.path + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			return err
		}
		ids[f.path+suffix] = info
	}
	f.ids = ids
	return nil
}

// intact returns an error while the file must not be written. It asks the
// system each time, which takes microseconds: what is written to a file without
// a name is lost.
func (f *watchedFile) intact() *finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fatal != nil {
		return f.fatal
	}
	for path, id := range f.ids {
		now, err := os.Stat(path)
		if err == nil && os.SameFile(id, now) {
			continue
		}
		if t := systemTrouble(err); err != nil && !errors.Is(err, fs.ErrNotExist) && t != "" {
			return &finding{t, explain(t, path, err)}
		}
		if err == nil {
			err = fmt.Errorf("%s is another file", path)
		}
		return &finding{Replaced, explain(Replaced, f.path, err)}
	}
	return nil
}

// note remembers the trouble that a statement on the file had.
func (f *watchedFile) note(t Trouble, err *errs.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch n := (&finding{t, err}); t {
	case Damaged, Shortened:
		if f.fatal == nil {
			f.fatal = n
		}
	default:
		f.told = n
	}
}

// length returns how many bytes the file has; 0 if it does not exist, which
// intact reports.
func (f *watchedFile) length() int64 {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// measure finds out whether the file has lost its end. size is how many bytes the
// file had, and database how many the database had a moment later, including
// those in its log. Pages of the database that were in the file stay there: only
// the file system or a person removes them. If the database has become smaller by
// a VACUUM, its file becomes smaller too, and the new size is known at the next
// call.
func (f *watchedFile) measure(size, database int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fatal == nil && size < f.floor && database >= f.floor {
		err := explain(Shortened, f.path, fmt.Errorf("it has %d bytes, and had %d", size, f.floor))
		f.fatal = &finding{Shortened, err}
		return err
	}
	f.floor = min(size, database)
	return nil
}

// probe tries to write beside the file, as SQLite does, and returns the error.
func (f *watchedFile) probe() error {
	if err := writable(f.path); err != nil {
		return err
	}
	p, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".probe-*")
	if err != nil {
		return err
	}
	_, err = p.Write(make([]byte, 4096))
	return errors.Join(err, p.Close(), os.Remove(p.Name()))
}

// looked remembers the result of probe. It reports whether a statement had a
// trouble of which only a write can show that it is over.
func (f *watchedFile) looked(err error) (ask bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = nil
	if err != nil {
		t := systemTrouble(err)
		if t == "" {
			t = Unreachable
		}
		f.found = &finding{t, explain(t, f.path, err)}
	}
	return f.found == nil && f.told != nil && f.fatal == nil
}

// written forgets the trouble of statements, because a write has succeeded.
func (f *watchedFile) written() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = nil
}

// passing returns the trouble that may end by itself.
func (f *watchedFile) passing() *finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told != nil {
		return f.told
	}
	return f.found
}

// LookAtFile checks whether the file is still the one that was opened, whole
// and writable. FileHealth and FileTrouble use the last result. Ping and every
// write check themselves whether the file was replaced. A look reads a page,
// takes the write lock for a moment and writes a page beside the file. While
// writes fail it also writes a row.
func (s *Store) LookAtFile(ctx context.Context) error {
	if s.cfg.Path == Memory {
		return nil
	}
	if bad := s.file.intact(); bad != nil {
		return bad.err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	if err := s.transact(ctx, "take the write lock", func(*sql.Tx) error { return nil }); err != nil {
		return err
	}
	if s.file.looked(s.file.probe()) {
		// An update that sets the same value would write nothing.
		err := s.write(ctx, "try to write", func(t *tx) error {
			_, err := t.sql.ExecContext(ctx, `UPDATE game_migration SET tstamp = strftime('%Y-%m-%d %H:%M:%f') WHERE version_id = 0`)
			return err
		})
		if err != nil {
			return err
		}
		s.file.written()
	}
	return s.FileHealth(ctx)
}

// measure compares the length of the file with that of the database.
func (s *Store) measure(ctx context.Context) error {
	size := s.file.length()
	var database int64
	err := s.reads.QueryRowContext(ctx, `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&database)
	if err != nil {
		return s.fail(ctx, "measure the file", err)
	}
	return s.file.measure(size, database)
}

// FileHealth returns an error, with what to do, while writes fail or will fail:
// for example the file is read-only or its disk is full. The error ends with its
// cause. If nothing may be written at all, Ping returns the error.
func (s *Store) FileHealth(context.Context) error {
	if p := s.file.passing(); p != nil {
		return p.err
	}
	return nil
}

// FileTrouble returns what is wrong with the file; "" if nothing.
func (s *Store) FileTrouble() Trouble {
	if bad := s.file.intact(); bad != nil {
		return bad.trouble
	}
	if p := s.file.passing(); p != nil {
		return p.trouble
	}
	return ""
}

// usable returns the error of intact.
func (s *Store) usable() error {
	if bad := s.file.intact(); bad != nil {
		return bad.err
	}
	return nil
}

// sameFile lets a pool connect only to the file that was opened first. Pools
// connect when they need a connection: if the file were another one by then,
// they would read and write both.
type sameFile struct {
	driver.Connector
	file *watchedFile
}

func (c sameFile) Connect(ctx context.Context) (driver.Conn, error) {
	if bad := c.file.intact(); bad != nil {
		return nil, bad.err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if bad := c.file.intact(); bad != nil {
		return nil, errors.Join(bad.err, conn.Close())
	}
	return conn, nil
}
