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

// copyName is where the copy is kept; other processes make theirs.
func (m *migrating) copyName() string {
	return fmt.Sprintf("%s.before-%d", m.cfg.Path, m.copiedBefore)
}

// makeCopy copies the file to one whose name ends in ".part".
func (m *migrating) makeCopy(ctx context.Context) error {
	m.copiedBefore = m.missing[0].version
	name := m.copyName()
	part, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part") // for its owner alone
	if err != nil {
		return err
	}
	m.copied = part.Name()
	if err := errors.Join(part.Close(), m.copyInto(ctx, m.copied)); err != nil {
		return errors.Join(err, os.Remove(m.copied))
	}
	return nil
}

// nameCopy renames the copy to <path>.before-<version>. If there is an earlier
// copy of that name, it is kept, and the new name gets the time too.
func (m *migrating) nameCopy() error {
	to := m.copyName()
	err := newFile(to) // a rename would replace what is there
	if errors.Is(err, fs.ErrExist) {
		to += "." + time.Now().UTC().Format("20060102T150405.000000000")
		err = newFile(to)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(m.copied, to); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	m.copied = to
	return nil
}

// Backup writes a copy of the database, as of one moment and while everything
// runs, to a path where no file may exist.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.usable(); err != nil {
		return err
	}
	err := newFile(path)
	if errors.Is(err, fs.ErrExist) {
		return errs.Invalid("path", "is there already; choose another").Wrap(err)
	}
	if err == nil {
		if err = s.copyInto(ctx, path); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	// The database is only read: unless it is damaged, the error is about the
	// copy's path.
	if ctx.Err() == nil && troubleOf(err) != Damaged {
		err = explained(path, err)
	}
	return s.fail(ctx, "back up", err)
}

// copyInto fills an empty file. It reads one snapshot and holds no lock for
// which another program would have to wait. It uses the writing connection,
// because the reading ones may not write any file.
func (s *Store) copyInto(ctx context.Context, path string) error {
	_, err := s.writes.ExecContext(ctx, `VACUUM INTO ?`, path)
	return err
}

// newFile creates an empty file that only its owner can read; fs.ErrExist if
// something exists there already.
func newFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return f.Close()
}
