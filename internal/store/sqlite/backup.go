package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// copyBefore writes <path>.before-<version>. An earlier copy is kept, whatever
// it was made for: this one takes the time into its name then. The name is
// given to a copy that is whole; what a killed process leaves ends in ".part".
func (s *Store) copyBefore(ctx context.Context, version int64) (string, error) {
	to := fmt.Sprintf("%s.before-%d", s.cfg.Path, version)
	part, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.part") // for its owner alone
	if err != nil {
		return "", err
	}
	if err := errors.Join(part.Close(), s.copyInto(ctx, part.Name())); err != nil {
		return "", errors.Join(err, os.Remove(part.Name()))
	}
	// The name is taken before the file gets it: a rename would replace the
	// copy of another process.
	err = newFile(to)
	if errors.Is(err, fs.ErrExist) {
		to += "." + time.Now().UTC().Format("20060102T150405.000000000")
		err = newFile(to)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(part.Name()))
	}
	if err := os.Rename(part.Name(), to); err != nil {
		return "", errors.Join(err, os.Remove(part.Name()), os.Remove(to))
	}
	return to, nil
}

// Backup writes a copy of the database, as of one instant and without stopping
// anybody, to a path where nothing may be yet.
func (s *Store) Backup(ctx context.Context, path string) error {
	err := newFile(path)
	if errors.Is(err, fs.ErrExist) {
		return errs.Invalid("path", "is there already; choose another").Wrap(err)
	}
	if err == nil {
		if err = s.copyInto(ctx, path); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return s.fail(ctx, "back up", err)
}

// copyInto fills a file that is empty. It reads one snapshot and holds no lock
// that another program would wait for; the connections of the pool for reading
// may not write, not even elsewhere.
func (s *Store) copyInto(ctx context.Context, path string) error {
	_, err := s.writes.ExecContext(ctx, `VACUUM INTO ?`, path)
	return err
}

// newFile makes an empty file for its owner alone; fs.ErrExist when something
// is there already.
func newFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return f.Close()
}
