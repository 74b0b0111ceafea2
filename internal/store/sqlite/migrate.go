package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/waystone-mmo/waystone/internal/errs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationTable remembers which migrations have been applied.
const migrationTable = "game_migration"

// migrateAttempts is how often a migration is tried: of two processes that
// open a file at once, one finds the tables made under its hands.
const migrateAttempts = 3

func (s *Store) migrations() (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, s.writes, files,
		goose.WithTableName(migrationTable), goose.WithDisableGlobalRegistry(true))
}

// migrate brings our tables up to date. A file that held something when it was
// opened is copied first.
func (s *Store) migrate(ctx context.Context, held bool) error {
	m, err := s.migrations()
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.migrateOnce(ctx, m, held)
		if err == nil {
			return nil
		}
		if attempt == migrateAttempts || ctx.Err() != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
}

func (s *Store) migrateOnce(ctx context.Context, m *goose.Provider, held bool) error {
	version, err := pendingMigration(ctx, m)
	if err != nil || version == 0 {
		return err
	}
	if held && s.cfg.Path != Memory {
		copied, err := s.copyBefore(ctx, version)
		if err != nil {
			return fmt.Errorf("copy the database first: %w", err)
		}
		s.cfg.Log.InfoContext(ctx, "database copied before its migration", "path", s.cfg.Path, "copy", copied)
	}
	done, err := m.Up(ctx)
	if err != nil {
		return err
	}
	s.cfg.Log.InfoContext(ctx, "database migrated", "path", s.cfg.Path, "migrations", len(done))
	return nil
}

// pendingMigration returns the version of the first migration that has not
// been applied, 0 when all have.
func pendingMigration(ctx context.Context, m *goose.Provider) (int64, error) {
	all, err := m.Status(ctx)
	if err != nil {
		return 0, err
	}
	for _, one := range all {
		if one.State == goose.StatePending {
			return one.Source.Version, nil
		}
	}
	return 0, nil
}

// copyBefore writes <path>.before-<version>. An earlier copy is kept, whatever
// it was made for: this one takes the time into its name then.
func (s *Store) copyBefore(ctx context.Context, version int64) (string, error) {
	to := fmt.Sprintf("%s.before-%d", s.cfg.Path, version)
	err := s.copyTo(ctx, to)
	if errors.Is(err, fs.ErrExist) {
		to += "." + time.Now().UTC().Format("20060102T150405.000000000")
		err = s.copyTo(ctx, to)
	}
	return to, err
}

// Backup writes a copy of the database, as of one instant and without stopping
// anybody, to a path where nothing may be yet.
func (s *Store) Backup(ctx context.Context, path string) error {
	err := s.copyTo(ctx, path)
	if errors.Is(err, fs.ErrExist) {
		return errs.Invalid("path", "is there already; choose another").Wrap(err)
	}
	return s.fail(ctx, "back up", err)
}

// copyTo makes the file for its owner alone and fills it; fs.ErrExist when it
// is there already.
func (s *Store) copyTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// VACUUM INTO takes a file that is empty. It reads one snapshot; the
	// connections of the pool for reading may not write, not even elsewhere.
	if _, err := s.writes.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
