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
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

const (
	// readers is how many statements may read at once.
	readers = 4
	// busyTimeout is how long a statement waits for another process.
	busyTimeout = 5 * time.Second
	// openAgain is the pause before a file that is locked is opened again.
	openAgain = 20 * time.Millisecond
)

// Store implements store.Store, store.Admin and store.Purger on one file. Its
// methods may be called from any number of goroutines.
type Store struct {
	cfg    Config
	zone   *time.Location // of the website's times without one
	file   watchedFile
	lock   *fileLock // nil when the database is in memory
	web    *website
	writes *sql.DB // one connection
	reads  *sql.DB // the same as writes when the database is in memory
	// version is held open for DataVersion: its numbers can be compared only on
	// the same connection; nil if the database is in memory.
	version *sql.Conn
	// Statements are prepared once: to compile one costs as much as to run it.
	writing, reading *db.Queries
	session          *sql.Stmt // website.getSession on reads
	users            store.UserCounts
	closed           atomic.Bool
}

var (
	_ store.Engine = (*Store)(nil)
	_ store.Admin  = (*Store)(nil)
	_ store.Purger = (*Store)(nil)
	_ store.Reader = (*Store)(nil)
)

// Open opens the file, makes or checks the website's tables, and migrates
// ours; before a migration of a file that holds something it writes a copy
// beside it. Any number of processes on one machine may have the file open.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	zone, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; {
		s := &Store{cfg: cfg, zone: zone}
		err := s.open(ctx)
		if err == nil {
			return s, nil
		}
		err = errors.Join(fmt.Errorf("open database %s: %w", cfg.Path, explained(cfg.Path, err)), s.Close())
		// The switch to write-ahead logging does not wait for other processes
		// that also open the file for the first time.
		if !busy(err) || time.Since(began) > busyTimeout {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(openAgain):
		}
	}
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.cfg.Path != Memory {
		if err := s.openFile(); err != nil {
			return err
		}
	}
	if s.writes, err = connect(s.cfg.Path, &s.file, 1, "_txlock=immediate"); err != nil {
		return err
	}
	s.reads = s.writes
	if s.cfg.Path != Memory {
		if s.reads, err = connect(s.cfg.Path, &s.file, readers, "_pragma=query_only(1)"); err != nil {
			return err
		}
		if s.version, err = s.reads.Conn(ctx); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.makeSkeletons(ctx); err != nil {
		return err
	}
	if err := s.adoptRows(ctx); err != nil {
		return err
	}
	if err := s.warn(ctx); err != nil || s.cfg.Path == Memory {
		return err
	}
	// Only now SQLite has made all that it keeps beside the file.
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.file.identify(suffixes...); err != nil {
		return err
	}
	return s.measure(ctx)
}

// openFile makes the file if it is not there, and takes its lock.
func (s *Store) openFile() (err error) {
	if err := createFile(s.cfg.Path); err != nil {
		return err
	}
	s.lock, err = takeLock(s.cfg.Path, false)
	switch {
	case err != nil:
		return err
	case s.lock == nil:
		return errRestoring(s.cfg.Path)
	}
	s.file.path = s.cfg.Path
	return s.file.identify("")
}

// prepare compiles the statements, which needs the tables.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.writing, err = db.Prepare(ctx, s.writes); err != nil {
		return err
	}
	if s.reading, err = db.Prepare(ctx, s.reads); err != nil {
		return err
	}
	s.session, err = s.reads.PrepareContext(ctx, s.web.getSession)
	return err
}

// createFile makes the file for its owner alone: it holds session tokens.
// SQLite gives the files it makes beside it the same mode.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := newFile(path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// connect returns a pool of up to n connections.
func connect(path string, file *watchedFile, n int, extra string) (*sql.DB, error) {
	dsn := fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&%s",
		(&url.URL{Path: path}).EscapedPath(), busyTimeout.Milliseconds(), extra)
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(sameFile{connector, file})
	// Connections are never closed: opening one costs more than a statement,
	// and a database in memory ends with its connection.
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	return pool, nil
}

// Ping reports whether the file can be read now, and is the one that was opened.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	var one int
	return s.fail(ctx, "ping", s.reads.QueryRowContext(ctx, `SELECT count(*) FROM game_play WHERE user_id = ''`).Scan(&one))
}

// Close closes the file. Calls in flight may fail; later ones give
// store.ErrUnavailable.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	// In the order opposite to open; what open did not reach is nil.
	var err error
	if s.session != nil {
		err = s.session.Close()
	}
	for _, q := range []*db.Queries{s.reading, s.writing} {
		if q != nil {
			err = errors.Join(err, q.Close())
		}
	}
	if s.version != nil {
		err = errors.Join(err, s.version.Close())
	}
	if s.reads != nil && s.reads != s.writes {
		err = errors.Join(err, s.reads.Close())
	}
	if s.writes != nil {
		err = errors.Join(err, s.writes.Close())
	}
	return errors.Join(err, s.lock.close())
}

// DataVersion returns a number that differs from the one before when anything
// in the file has been committed since, by this process or another. It costs
// microseconds: caches compare it. Of a database in memory, which nobody else
// can write, it is always 0.
func (s *Store) DataVersion(ctx context.Context) (int64, error) {
	if s.version == nil {
		return 0, nil
	}
	var v int64
	err := s.version.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&v)
	return v, s.fail(ctx, "read the data version", err)
}

// now returns the clock in whole milliseconds, which is what is stored.
func (s *Store) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }

// tx is a write transaction with its own, unmoving time.
type tx struct {
	*db.Queries
	store *Store
	sql   *sql.Tx
	now   time.Time
}

// write runs f in a transaction that holds the write lock from its start. If f
// returns an error, everything is undone. what names the work in errors.
func (s *Store) write(ctx context.Context, what string, f func(*tx) error) error {
	return s.transact(ctx, what, func(t *sql.Tx) error {
		return f(&tx{Queries: s.writing.WithTx(t), store: s, sql: t, now: s.now()})
	})
}

// transact is write without the prepared statements. Before the transaction and
// after the commit it checks that the open file is still the one with the name:
// so what it acknowledges can be found there.
func (s *Store) transact(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	t, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return s.fail(ctx, what, err)
	}
	if err := f(t); err != nil {
		// The error of f is more useful than that of the rollback, which can
		// only say that the transaction is over already.
		_ = t.Rollback()
		return s.fail(ctx, what, err)
	}
	if err := s.fail(ctx, what, t.Commit()); err != nil {
		return err
	}
	return s.usable()
}
