package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

//go:embed migrations/*.sql schema.sql
var files embed.FS

// versionTable is where goose remembers what it applied.
const versionTable = "game.schema_version"

// migrationLock is the session advisory lock under which migrations run; the
// number only has to be the same in every replica.
const migrationLock int64 = 0x77617973746f6e65

const commentVersionTable = `
COMMENT ON TABLE game.schema_version IS 'Which migrations of the schema game were applied, and when.';
COMMENT ON COLUMN game.schema_version.id IS 'Number of the entry.';
COMMENT ON COLUMN game.schema_version.version_id IS 'Number of the migration.';
COMMENT ON COLUMN game.schema_version.is_applied IS 'Whether it was applied or taken back.';
COMMENT ON COLUMN game.schema_version.tstamp IS 'When.';`

// Migrate creates the schema "game" or brings it up to date, and returns how
// many migrations it applied. Any number of processes may call it at the same
// time. Of cfg it needs URL and Log. The role has to own the schema or, if
// there is none, needs the right to create one.
func Migrate(ctx context.Context, cfg Config) (int, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return 0, err
	}
	pool, err := connect(ctx, cfg, &rowSecurity{}, nil)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	n, err := migrate(ctx, pool, cfg)
	if denied(err) {
		return n, errConfig("the role of DATABASE_URL may not change the schema game: use the URL of its owner, or " +
			"where there is no such schema yet, of a role with GRANT CREATE ON DATABASE").Wrap(err)
	}
	return n, err
}

// ensureSchema brings the schema "game" up to date or returns an error that
// says what to do. A database that is newer than this binary is accepted: each
// migration works with the previous binary.
func ensureSchema(ctx context.Context, pool *pgxpool.Pool, cfg Config) error {
	have, want, err := versions(ctx, pool)
	if err != nil {
		return err
	}
	if have >= want {
		return nil
	}
	if !cfg.Migrate {
		return errBehind(have, want, "migrating at start is switched off")
	}
	if _, err = migrate(ctx, pool, cfg); denied(err) {
		return errBehind(have, want, "the role of DATABASE_URL may not change it").Wrap(err)
	}
	return err
}

func errBehind(have, want int64, why string) *errs.Error {
	return errConfig(fmt.Sprintf("the schema game is at version %d, this binary needs %d, and %s: "+
		"run `waystone db migrate` with the URL of the schema's owner in DATABASE_URL", have, want, why))
}

// versions returns the version of the schema "game" (0 when there is none) and
// the one this binary brings.
func versions(ctx context.Context, pool *pgxpool.Pool) (have, want int64, err error) {
	sources, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range sources {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, 0, fmt.Errorf("migration %s: %w", name, err)
		}
		want = max(want, v)
	}
	// to_regclass would need USAGE on the schema.
	var there, readable bool
	err = pool.QueryRow(ctx, `
SELECT c.oid IS NOT NULL,
       c.oid IS NOT NULL AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM (SELECT 1) one
LEFT JOIN pg_namespace n ON n.nspname = 'game'
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'schema_version'`).Scan(&there, &readable)
	switch {
	case err != nil:
		return 0, 0, translate(ctx, "look for the schema game", err)
	case !there:
		return 0, want, nil
	case !readable:
		return 0, 0, errConfig("the role of DATABASE_URL may not read game.schema_version: " +
			"GRANT USAGE ON SCHEMA game and SELECT ON ALL TABLES IN SCHEMA game to it")
	}
	err = pool.QueryRow(ctx, `SELECT COALESCE(max(version_id), 0) FROM game.schema_version WHERE is_applied`).Scan(&have)
	return have, want, translate(ctx, "read the version of the schema game", err)
}

// migrate applies the missing migrations in one session, which takes
// migrationLock before it looks what is missing. The lock ends with the session:
// if the session is lost in the middle, nothing more is applied, and the next
// process goes on from there.
func migrate(ctx context.Context, pool *pgxpool.Pool, cfg Config) (applied int, err error) {
	session := sql.OpenDB(&onlyOnce{Connector: stdlib.GetPoolConnector(pool)})
	session.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, closeSession(ctx, session)) }()
	if _, err := session.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return 0, translate(ctx, "lock migrations", err)
	}
	if err := ensureNamespace(ctx, session); err != nil {
		return 0, err
	}
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, session, sub,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	results, err := p.Up(ctx)
	if err != nil {
		return 0, translate(ctx, "migrate the schema game", err)
	}
	for _, r := range results {
		cfg.Log.InfoContext(ctx, "migrated the schema game", "version", r.Source.Version, "duration", r.Duration)
	}
	if len(results) > 0 {
		if _, err := session.ExecContext(ctx, commentVersionTable); err != nil {
			return len(results), translate(ctx, "describe the version table", err)
		}
	}
	return len(results), nil
}

// errSessionLost stops a migration whose connection ended, and the lock with it.
var errSessionLost = store.ErrUnavailable.With("the connection that migrates the schema game was lost, and its lock with it; try again")

// onlyOnce connects once. If a connection is lost, a database/sql pool opens a
// new one without notice, and the new one does not hold the locks.
type onlyOnce struct {
	driver.Connector
	done atomic.Bool
}

func (c *onlyOnce) Connect(ctx context.Context) (driver.Conn, error) {
	if c.done.Swap(true) {
		return nil, errSessionLost
	}
	return c.Connector.Connect(ctx)
}

// closeSession closes the connection of a session, even if ctx has ended: in
// the pool it would still hold its locks.
func closeSession(ctx context.Context, session *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	conn, err := session.Conn(ctx)
	if err != nil {
		return session.Close() // it is lost, or there was none
	}
	err = conn.Raw(func(c any) error { return c.(*stdlib.Conn).Conn().Close(ctx) }) //nolint:forcetypeassert // of the driver above
	return errors.Join(err, conn.Close(), session.Close())
}

func ensureNamespace(ctx context.Context, session *sql.DB) error {
	var there bool
	err := session.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'game')`).Scan(&there)
	if err != nil || there {
		// CREATE SCHEMA IF NOT EXISTS would need the right to create one.
		return translate(ctx, "look for the schema game", err)
	}
	ddl, err := files.ReadFile("schema.sql")
	if err != nil {
		return fmt.Errorf("schema.sql: %w", err)
	}
	_, err = session.ExecContext(ctx, string(ddl))
	return translate(ctx, "create the schema game", err)
}

// gameGrants returns an error that names the tables of ours which the role may
// not use.
func gameGrants(ctx context.Context, pool *pgxpool.Pool) error {
	missing, err := missingGrants(ctx, pool)
	if err != nil || len(missing) == 0 {
		return err
	}
	return errGrants(missing)
}

func errGrants(missing []string) *errs.Error {
	return errConfig(fmt.Sprintf("the role of DATABASE_URL may not use %q: GRANT USAGE ON SCHEMA game and "+
		"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game to it", missing))
}

func missingGrants(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `
SELECT 'game.' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'game' AND c.relkind = 'r' AND c.relname <> 'schema_version'
  AND NOT (has_schema_privilege(n.oid, 'USAGE')
       AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
       AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY 1`)
	if err != nil {
		return nil, translate(ctx, "look for grants", err)
	}
	missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return missing, translate(ctx, "look for grants", err)
}
