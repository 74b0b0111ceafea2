package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// triggers are the names of a table's triggers and the event of each.
func (t feedTable) triggers() map[string]string {
	return map[string]string{
		feedTrigger + "insert":   "INSERT ON %s REFERENCING NEW TABLE AS new_rows",
		feedTrigger + "update":   "UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
		feedTrigger + "delete":   "DELETE ON %s REFERENCING OLD TABLE AS old_rows",
		feedTrigger + "truncate": "TRUNCATE ON %s",
	}
}

// allowed returns an error that says why the feed cannot work. It changes
// nothing.
func (f *triggerFeed) allowed(ctx context.Context, conn *pgx.Conn) error {
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
		return err
	}
	if err := f.mayListen(ctx, conn); err != nil {
		return err
	}
	if ok, err := f.installed(ctx, conn, oids); err != nil || ok {
		return err
	}
	var ordinary, may bool
	err = conn.QueryRow(ctx, `SELECT (SELECT bool_and(relkind = 'r') FROM pg_class WHERE oid = ANY($1::oid[])),
		(SELECT bool_and(has_table_privilege(x, 'TRIGGER')) FROM unnest($1::oid[]) x)
		AND COALESCE((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $2), has_database_privilege(current_database(), 'CREATE'))`,
		oids, feedSchema).Scan(&ordinary, &may)
	switch {
	case err != nil:
		return translate(ctx, "look for the right to make triggers", err)
	case !ordinary:
		return fmt.Errorf("%w: one of %s is not an ordinary table", errNoFeed, strings.Join(f.names(), ", "))
	case !may:
		return f.errMake(ctx, conn)
	}
	return nil
}

// mayListen returns an error if the role may not read the name of the channel.
func (f *triggerFeed) mayListen(ctx context.Context, conn *pgx.Conn) error {
	var may bool
	var role string
	err := conn.QueryRow(ctx, `SELECT COALESCE(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false), current_user::text
		FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = 'game' LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'secret'`).Scan(&may, &role)
	if err == nil && !may {
		return fmt.Errorf("%w: the role may not read game.secret, which names the channel of the triggers: the owner has to run: "+
			"GRANT USAGE ON SCHEMA game TO %[2]s; GRANT SELECT ON game.secret TO %[2]s", errNoFeed, quote(role))
	}
	return translate(ctx, "look for the right to read game.secret", err)
}

// errMake returns an error that says what has to be done, and by which role.
func (f *triggerFeed) errMake(ctx context.Context, conn *pgx.Conn) error {
	var database, role string
	var there bool
	err := conn.QueryRow(ctx, `SELECT current_database()::text, current_user::text, to_regnamespace($1) IS NOT NULL`, feedSchema).
		Scan(&database, &role, &there)
	if err != nil {
		return translate(ctx, "look for the right to make triggers", err)
	}
	role = quote(role)
	old := ""
	if there {
		old = fmt.Sprintf("DROP SCHEMA %s CASCADE; ", feedSchema)
	}
	return fmt.Errorf("%w: the role may not make the triggers of the change feed: run `waystone db migrate` with "+
		"DATABASE_URL naming the owner of the tables, or have the owner run: %sGRANT CREATE ON DATABASE %s TO %s; GRANT TRIGGER ON %s TO %s",
		errNoFeed, old, quote(database), role, strings.Join(f.names(), ", "), role)
}

// install creates functions and triggers if they are missing, and returns the
// ids of their tables.
func (f *triggerFeed) install(ctx context.Context, conn *pgx.Conn) (oids []uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, feedInstallTimeout)
	defer cancel()
	if oids, err = f.tableIDs(ctx, conn); err != nil {
		return nil, err
	}
	if err := f.mayListen(ctx, conn); err != nil {
		return nil, err
	}
	ok, err := f.installed(ctx, conn, oids)
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := f.make(ctx, conn, oids); err != nil {
			if denied(err) {
				return nil, fmt.Errorf("%w: %w", f.errMake(ctx, conn), err)
			}
			return nil, fmt.Errorf("make the triggers of the change feed: %w", err)
		}
	}
	return oids, f.removePublic(ctx, conn)
}

func (f *triggerFeed) tableIDs(ctx context.Context, conn *pgx.Conn) ([]uint32, error) {
	oids := make([]uint32, len(f.tables))
	for i, name := range f.names() {
		var oid *uint32
		if err := conn.QueryRow(ctx, `SELECT to_regclass($1)::oid`, name).Scan(&oid); err != nil {
			return nil, fmt.Errorf("look for table %s: %w", name, err)
		}
		if oid == nil {
			return nil, fmt.Errorf("there is no table %s", name)
		}
		oids[i] = *oid
	}
	return oids, nil
}

// installed reports whether all triggers work and the functions are those of
// this binary or of a newer one.
func (f *triggerFeed) installed(ctx context.Context, conn *pgx.Conn, oids []uint32) (bool, error) {
	if _, _, err := f.ask(ctx, conn, oids); err != nil {
		if conn.IsClosed() || ctx.Err() != nil {
			return false, err
		}
		return false, nil
	}
	current := 0
	for _, t := range f.tables {
		ok, err := f.current(ctx, conn, t)
		if err != nil {
			return false, err
		}
		if ok {
			current++
		}
	}
	return current == len(f.tables), nil
}

// queryer is a connection or a transaction.
type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// functionQuery finds function $2 of schema $1; to_regproc would need USAGE on
// the schema.
const functionQuery = `SELECT p.oid FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1)::oid AND p.proname = $2`

// current reports whether a table's function is that of this binary or of a
// newer one.
func (f *triggerFeed) current(ctx context.Context, q queryer, t feedTable) (bool, error) {
	var mark *string
	err := q.QueryRow(ctx, `SELECT obj_description((`+functionQuery+`), 'pg_proc')`, feedSchema, feedFunction+t.key).Scan(&mark)
	if err != nil || mark == nil {
		return false, err
	}
	var version int
	_, err = fmt.Sscanf(*mark, "Change feed of the game server, version %d", &version)
	return *mark == f.mark || err == nil && version > feedVersion, nil
}

// make creates functions and triggers, one table after the other: creating a
// trigger locks the table against writes for a moment, and only one table is
// locked at a time.
func (f *triggerFeed) make(ctx context.Context, conn *pgx.Conn, oids []uint32) error {
	for i, t := range f.tables {
		err := patiently(ctx, conn, "table "+t.name.Sanitize(), func(tx pgx.Tx) error { return f.makeFor(ctx, tx, t, oids[i]) })
		if err != nil {
			return err
		}
	}
	return nil
}

// patiently runs a transaction that locks a table. It waits at most feedDDLWait
// for the lock. Then it lets others go first, and tries again.
func patiently(ctx context.Context, conn *pgx.Conn, what string, run func(tx pgx.Tx) error) error {
	for {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, strconv.FormatInt(feedDDLWait.Milliseconds(), 10)); err != nil {
				return err
			}
			// Only one replica at a time creates triggers. This does not use an
			// advisory lock, because any role that may connect can hold one.
			if _, err := tx.Exec(ctx, `SELECT FROM game.secret WHERE name = 'feed' FOR UPDATE`); err != nil {
				return err
			}
			return run(tx)
		})
		if err == nil || !lockTimeout(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is locked by another transaction: %w", what, err)
		case <-time.After(feedDDLPause):
		}
	}
}

// makeFor creates the function and the triggers of one table. Triggers that
// work stay, because creating one again would lock the table.
func (f *triggerFeed) makeFor(ctx context.Context, tx pgx.Tx, t feedTable, oid uint32) error {
	rows, err := tx.Query(ctx, `SELECT g.tgname::text, g.tgenabled IN ('O', 'A') AND `+ownerReads+` FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
		WHERE g.tgrelid = $1 AND starts_with(g.tgname, $2)`, oid, feedTrigger)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	whole := true
	var name string
	var works bool
	_, err = pgx.ForEachRow(rows, []any{&name, &works}, func() error {
		have[name], whole = true, whole && works
		return nil
	})
	if err != nil {
		return err
	}
	if done, err := f.current(ctx, tx, t); err != nil || done && whole && len(have) == len(t.triggers()) {
		return err // another replica was faster
	}
	// Not IF NOT EXISTS, which needs the right even if there is nothing to do.
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, feedSchema).Scan(&there); err != nil {
		return err
	}
	var statements []string
	if !there {
		statements = append(statements, "CREATE SCHEMA "+feedSchema)
	}
	function := t.function() + "()"
	if !whole {
		// Only the owner of the table may enable or drop a trigger, but a trigger
		// is dropped together with its function.
		statements, have = append(statements, "DROP FUNCTION IF EXISTS "+function+" CASCADE"), nil
	}
	statements = append(statements, t.functionSQL(), "REVOKE ALL ON FUNCTION "+function+" FROM PUBLIC",
		fmt.Sprintf("COMMENT ON FUNCTION %s IS '%s'", function, f.mark))
	for name, what := range t.triggers() {
		if !have[name] {
			statements = append(statements, fmt.Sprintf("CREATE TRIGGER %s AFTER "+what+" FOR EACH STATEMENT EXECUTE FUNCTION %s",
				name, t.name.Sanitize(), function))
		}
	}
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// publicFunction begins the names of the functions of version 1. They notify on
// a channel to which any role that may connect can listen.
const publicFunction = "tell_"

// removePublic removes the triggers of version 1. If a binary of that version
// still runs, it notices that and creates its own again. Neither ever misses a
// change, and when the last such binary is replaced, none are left.
func (f *triggerFeed) removePublic(ctx context.Context, conn *pgx.Conn) error {
	for _, t := range f.tables {
		function := publicFunction + t.key
		var there bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (`+functionQuery+`)`, feedSchema, function).Scan(&there); err != nil {
			return fmt.Errorf("look for the triggers of an older version: %w", err)
		}
		if !there {
			continue
		}
		err := patiently(ctx, conn, "table "+t.name.Sanitize(), func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "DROP FUNCTION IF EXISTS "+feedSchema+"."+function+"() CASCADE")
			return err
		})
		switch {
		case denied(err):
			f.store.log.WarnContext(ctx, "triggers of an older version still exist: any role that may connect to the database can listen to them",
				"to_remove", "run `waystone db migrate` with the URL of the tables' owner")
			return nil
		case err != nil:
			return fmt.Errorf("remove the triggers of an older version: %w", err)
		}
	}
	return nil
}

// lockTimeout reports whether another transaction held a lock for too long, or
// would have waited for one of ours.
func lockTimeout(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "55P03" || pe.Code == "40P01")
}
