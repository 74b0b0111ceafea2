package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Restored says what a restore did.
type Restored struct {
	// Version is the last migration of the database, and Known that of this
	// binary. The next start brings an older one up to date.
	Version, Known int64
	// Kept is where the former database is; empty if there was none.
	Kept string
}

// Restore puts a copy of the database in from at path. No process may have the
// database at path open. The former database is kept beside it under a dated
// name, with all its files. If Restore fails or is killed, the former database
// is still at path, whole.
func Restore(ctx context.Context, from, path string) (r Restored, err error) {
	if _, err := os.Stat(from); err != nil {
		return r, errs.Invalid("file", "cannot be read").Wrap(err)
	}
	if same(from, path) {
		return r, errs.Invalid("file", "is the database itself")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return r, explained(path, err)
	}
	lock, err := takeLock(path, true)
	if err != nil {
		return r, explained(path, err)
	}
	if lock == nil {
		return r, errInUse(path)
	}
	defer func() { err = errors.Join(err, lock.close()) }()
	part, err := r.copy(ctx, from, path)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(part))
		}
	}()
	if r.Kept, err = keep(ctx, path); err != nil {
		return r, explained(path, err)
	}
	// SQLite would apply a log that is left here to the restored file.
	for _, suffix := range beside {
		if err := remove(path + suffix); err != nil {
			return r, explained(path, err)
		}
	}
	if err := os.Rename(part, path); err != nil {
		return r, explained(path, err)
	}
	return r, syncPath(filepath.Dir(path))
}

func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// copy writes the content of from, as of one moment, to a file beside path and
// returns its name.
func (r *Restored) copy(ctx context.Context, from, path string) (part string, err error) {
	source, err := openSource(from)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := r.examine(ctx, source, from); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".restore-*.part") // for its owner alone
	if err != nil {
		return "", explained(path, err)
	}
	part = f.Name()
	ownAs(f, path)
	if err = f.Close(); err == nil {
		if _, err = source.ExecContext(ctx, `VACUUM INTO ?`, part); err == nil {
			err = syncPath(part)
		}
	}
	if err != nil {
		return "", errors.Join(explained(path, err), os.Remove(part))
	}
	return part, nil
}

// openSource opens a database for reading. If there is no log beside it, it is
// opened as immutable, so its folder does not have to be writable. A log beside
// it belongs to it.
func openSource(from string) (*sql.DB, error) {
	options := "mode=ro"
	if _, err := os.Stat(from + "-wal"); errors.Is(err, fs.ErrNotExist) {
		options += "&immutable=1"
	}
	source, err := sql.Open("sqlite", fmt.Sprintf("file:%s?%s&_pragma=busy_timeout(%d)", (&url.URL{Path: from}).EscapedPath(), options, busyTimeout.Milliseconds()))
	if err != nil {
		return nil, err
	}
	source.SetMaxOpenConns(1)
	return source, nil
}

// examine returns an error unless from is a whole database of a version that
// this binary knows.
func (r *Restored) examine(ctx context.Context, source *sql.DB, from string) error {
	problems, err := texts(ctx, source, `PRAGMA integrity_check(3)`)
	switch {
	case err != nil && troubleOf(err) == Damaged:
		return errs.Invalid("file", fmt.Sprintf("%s is not a database, or a damaged one", from)).Wrap(err)
	case err != nil:
		return explained(from, err)
	case len(problems) != 1 || problems[0] != "ok":
		return errs.Invalid("file", fmt.Sprintf("%s is damaged: %s", from, strings.Join(problems, "; ")))
	}
	var ours bool
	if err := source.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'game_migration')`).Scan(&ours); err != nil {
		return explained(from, err)
	}
	if ours {
		if err := source.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM game_migration WHERE is_applied`).Scan(&r.Version); err != nil {
			return explained(from, err)
		}
	}
	if r.Version == 0 {
		return errs.Invalid("file", from+" is a database, but not one of Waystone: it has no tables of ours")
	}
	all, err := allMigrations()
	if err != nil {
		return err
	}
	if r.Known = all[len(all)-1].version; r.Version > r.Known {
		return errs.Invalid("file", fmt.Sprintf("%s is of a newer Waystone: its version is %d, this binary knows %d; restore it with that one", from, r.Version, r.Known))
	}
	return nil
}

// beside are the suffixes of files that can be beside a database and belong to
// it.
var beside = []string{"-wal", "-shm", "-journal"} //nolint:gochecknoglobals // a constant list

// keep gives the database at path, and the files that belong to it, a second
// name with the date, which it returns; "" if there is no database. It returns
// an error while any program has the database open.
func keep(ctx context.Context, path string) (kept string, err error) {
	kept = path + ".before-restore." + time.Now().UTC().Format("20060102T150405.000000000")
	var made []string
	defer func() {
		if err != nil {
			for _, name := range made {
				err = errors.Join(err, remove(name))
			}
		}
	}()
	for _, suffix := range append([]string{""}, beside...) {
		err := os.Link(path+suffix, kept+suffix)
		if err == nil {
			made = append(made, kept+suffix)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	whole, err := settle(ctx, path)
	if err != nil {
		return "", err
	}
	for _, suffix := range beside {
		if _, err := os.Stat(path + suffix); whole && errors.Is(err, fs.ErrNotExist) {
			if err := remove(kept + suffix); err != nil {
				return "", err
			}
		}
	}
	return kept, nil
}

// settle lets SQLite write everything that belongs to the database at path into
// its one file. It reports whether that is a whole database. If not, SQLite may
// have removed the files beside it.
func settle(ctx context.Context, path string) (whole bool, err error) {
	old, err := sql.Open("sqlite", fmt.Sprintf("file:%s?mode=rw&_pragma=busy_timeout(1000)&_pragma=locking_mode(EXCLUSIVE)", (&url.URL{Path: path}).EscapedPath()))
	if err != nil {
		return false, err
	}
	old.SetMaxOpenConns(1)
	var n int
	err = old.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&n)
	err = errors.Join(err, old.Close()) // which writes what is in the log
	switch {
	case busy(err):
		return false, errs.New(errs.FailedPrecondition, "DATABASE_IN_USE",
			fmt.Sprintf("another program, such as the website, has the database %s open: stop it, and try again", path)).Wrap(err)
	case troubleOf(err) == Damaged:
		return false, nil
	}
	return n > 0, err
}

// remove removes a file, if it is there.
func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncPath flushes a file, or the names in a folder, to the disk.
func syncPath(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
