package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// makeMigrationTable creates the table of the applied migrations. The table and
// its first row are as goose creates them.
const makeMigrationTable = `
CREATE TABLE IF NOT EXISTS game_migration (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	version_id INTEGER NOT NULL,
	is_applied INTEGER NOT NULL,
	tstamp TIMESTAMP DEFAULT (datetime('now'))
);
INSERT INTO game_migration (version_id, is_applied) SELECT 0, 1 WHERE NOT EXISTS (SELECT 1 FROM game_migration);`

// migration is one file of migrations/.
type migration struct {
	version    int64
	statements string // that apply it
}

// allMigrations returns them in the order of their versions. The files are in
// the format of goose. Its runner is not used: it decides what is missing
// before it holds the write lock, so two processes may apply the same.
func allMigrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		_, up, found := strings.Cut(string(text), "-- +goose Up\n")
		if !found {
			return nil, fmt.Errorf("migration %s: there is no line \"-- +goose Up\"", name)
		}
		up, _, _ = strings.Cut(up, "-- +goose Down\n")
		all = append(all, migration{version, up})
	}
	return all, nil
}

// migrate makes or checks the website's tables and brings ours up to date.
//
// A file that is not empty is copied before. The copy is made without the write
// lock, because a website on the same file must not wait for it. It is removed
// if another process has migrated meanwhile or if the migration fails.
func (s *Store) migrate(ctx context.Context) error {
	m := migrating{Store: s}
	err := m.try(ctx)
	for err == nil && !m.done && len(m.missing) > 0 {
		if err = m.makeCopy(ctx); err != nil {
			return fmt.Errorf("copy the database before its migration: %w", err)
		}
		if err = m.try(ctx); !m.done {
			err = errors.Join(err, os.Remove(m.copied))
			continue
		}
		s.cfg.Log.InfoContext(ctx, "database copied before its migration", "path", s.cfg.Path, "copy", m.copied)
	}
	if err == nil && m.done {
		s.cfg.Log.InfoContext(ctx, "database migrated", "path", s.cfg.Path, "migrations", len(m.missing))
	}
	return err
}

// migrating is the work of migrate.
type migrating struct {
	*Store
	missing []migration // at the last attempt
	done    bool        // they have been applied

	copied       string // the file's copy
	copiedBefore int64  // the first migration that was missing then
}

// try finds the missing migrations and applies them, in one transaction that
// holds the write lock from its start. So if any number of processes open one
// file, one does the work, and a process that is killed leaves nothing half
// done. If the file is not empty, the migrations are applied only if there is a
// copy from before the first missing one.
func (m *migrating) try(ctx context.Context) error {
	return m.transact(ctx, "migrate", func(t *sql.Tx) error {
		objects, err := texts(ctx, t, `SELECT name FROM sqlite_master`)
		if err != nil {
			return err
		}
		if err := m.prepareWebsite(ctx, t); err != nil {
			return err
		}
		if m.missing, err = missingMigrations(ctx, t, objects); err != nil || len(m.missing) == 0 {
			return err
		}
		copyNeeded := len(objects) > 0 && m.cfg.Path != Memory
		if copyNeeded && m.missing[0].version != m.copiedBefore {
			return nil
		}
		if err := applyMigrations(ctx, t, m.missing); err != nil {
			return err
		}
		if copyNeeded { // nobody else has a use for the name now
			if err := m.nameCopy(); err != nil {
				return fmt.Errorf("name the copy of the database: %w", err)
			}
		}
		m.done = true // if the commit fails, only the file can tell: the copy is kept
		return nil
	})
}

// missingMigrations returns those that have not been applied to a file with
// these objects. A file from a newer binary has all of ours and more.
func missingMigrations(ctx context.Context, t *sql.Tx, objects []string) ([]migration, error) {
	all, err := allMigrations()
	if err != nil || !slices.Contains(objects, "game_migration") {
		return all, err
	}
	applied, err := texts(ctx, t, `SELECT version_id FROM game_migration WHERE is_applied`)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(m migration) bool {
		return slices.Contains(applied, strconv.FormatInt(m.version, 10))
	}), nil
}

func applyMigrations(ctx context.Context, t *sql.Tx, missing []migration) error {
	if _, err := t.ExecContext(ctx, makeMigrationTable); err != nil {
		return err
	}
	for _, m := range missing {
		if _, err := t.ExecContext(ctx, m.statements); err != nil {
			return fmt.Errorf("migration %d: %w", m.version, err)
		}
		if _, err := t.ExecContext(ctx, `INSERT INTO game_migration (version_id, is_applied) VALUES (?, 1)`, m.version); err != nil {
			return fmt.Errorf("note migration %d: %w", m.version, err)
		}
	}
	return nil
}
