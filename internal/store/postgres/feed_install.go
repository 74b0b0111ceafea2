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

	"github.com/waystone-mmo/waystone/internal/store"
)

// feedTable is a table that the triggers are on.
type feedTable struct {
	table  store.Table
	key    string // in messages and names of functions
	name   pgx.Identifier
	fields func(row string) string // of one row, as arguments of json_build_object
	was    string                  // likewise, of the row before an update
	same   string                  // condition: rows o and n are one, of one owner
	id     func(row string) string // the key
}

// feedTables returns the tables with what is told of their rows. Nothing of it
// is secret.
func (w *website) feedTables() []feedTable {
	id := func(t *table, row string) string { return fmt.Sprintf("'i', %s::text", col(t, row, "id")) }
	owner := func(t *table, row string) string { return fmt.Sprintf("'u', %s::text", col(t, row, "userId")) }
	sameRow := func(t *table) string {
		return fmt.Sprintf("%s = %s AND %s = %s", col(t, "o", "id"), col(t, "n", "id"), col(t, "o", "userId"), col(t, "n", "userId"))
	}
	key := func(t *table) func(string) string { return func(row string) string { return col(t, row, "id") } }
	ours := func(row string) string { return row + ".id" }
	user := feedTable{
		id:    key(w.user),
		same:  fmt.Sprintf("%s = %s", col(w.user, "o", "id"), col(w.user, "n", "id")),
		table: store.TableUser, key: "user", name: pgx.Identifier{w.user.schema, w.user.name},
		fields: func(row string) string { return id(w.user, row) },
	}
	if w.admin {
		user.fields = func(row string) string {
			return fmt.Sprintf("%s, 'b', COALESCE(%s, false), 'e', %s", id(w.user, row), col(w.user, row, "banned"), epochMillis(w.read(w.user, row, "banExpires")))
		}
		user.was = fmt.Sprintf("'w', COALESCE(%s, false)", col(w.user, "o", "banned"))
	}
	return []feedTable{
		user,
		{
			id:    key(w.session),
			same:  sameRow(w.session),
			table: store.TableSession, key: "session", name: pgx.Identifier{w.session.schema, w.session.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'e', %s", id(w.session, row), owner(w.session, row), epochMillis(w.read(w.session, row, "expiresAt")))
			},
		},
		{
			id:    key(w.account),
			same:  sameRow(w.account),
			table: store.TableAccount, key: "account", name: pgx.Identifier{w.account.schema, w.account.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'c', %s = 'credential'", id(w.account, row), owner(w.account, row), col(w.account, row, "providerId"))
			},
		},
		{
			id:    ours,
			same:  "o.id = n.id AND o.user_id = n.user_id",
			table: store.TableCharacter, key: "character", name: pgx.Identifier{"game", "character"},
			fields: func(row string) string { return fmt.Sprintf("'i', %[1]s.id::text, 'u', %[1]s.user_id", row) },
		},
		{
			// What happens to an item is a change of the character who has it.
			id:    ours,
			same:  "o.id = n.id AND o.character_id = n.character_id",
			table: store.TableCharacter, key: "item", name: pgx.Identifier{"game", "item"},
			fields: func(row string) string { return fmt.Sprintf("'i', %s.character_id::text", row) },
		},
	}
}

// epochMillis is an instant in milliseconds since 1970; one without end is the
// last that a year of four digits can write.
func epochMillis(at string) string {
	return fmt.Sprintf("CASE %[1]s WHEN 'infinity' THEN 253402300799999 WHEN '-infinity' THEN 0 ELSE (extract(epoch FROM %[1]s) * 1000)::bigint END", at)
}

// functionSQL makes the function of a table's triggers. It tells each row, or
// if there are many that any may have changed; and likewise if anything goes
// wrong, for an error here would fail the statement of the website.
//
// The server leaves out a notification that is equal to an earlier one of the
// same transaction, so each has a number: without, who is banned, let in and
// banned again in one transaction would be told as let in last. Those that tell
// of any row need none.
func (t feedTable) functionSQL() string {
	count := func(from string) string {
		return fmt.Sprintf("SELECT count(*) INTO n FROM (SELECT FROM %s LIMIT %d) l;", from, feedRows+1)
	}
	// tell sends the rows, text r in the order of k, in parts.
	tell := func(rows string) string {
		return fmt.Sprintf(`
		FOR part IN SELECT string_agg(r, ',' ORDER BY k) FROM (%s) q GROUP BY (k - 1) / %d ORDER BY min(k) LOOP
			told := told + 1;
			PERFORM pg_notify('%s', format('{"t":"%s","x":"%%s","n":%%s,"r":[%%s]}', xid, told, part));
		END LOOP;`, rows, feedPart, feedChannel, t.key)
	}
	row := func(op, fields string) string {
		return fmt.Sprintf("json_build_object('o', '%s', %s)::text", op, fields)
	}
	updated := t.fields("n")
	if t.was != "" {
		updated += ", " + t.was
	}
	// Who has another key or owner now is gone from where he was.
	update := fmt.Sprintf(`
			SELECT CASE WHEN %[1]s IS NULL THEN %[2]s WHEN %[3]s IS NULL THEN %[4]s ELSE %[5]s END AS r,
				row_number() OVER (ORDER BY %[1]s IS NOT NULL) AS k
			FROM new_rows n FULL JOIN old_rows o ON %[6]s`,
		t.id("n"), row("delete", t.fields("o")), t.id("o"), row("insert", t.fields("n")), row("update", updated), t.same)
	return fmt.Sprintf(`CREATE OR REPLACE FUNCTION %[1]s.tell_%[2]s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $feed$
DECLARE
	n bigint;
	told bigint := coalesce(nullif(current_setting('waystone_feed.told', true), ''), '0')::bigint;
	part text;
	xid text := pg_current_xact_id()::text;
	many text := format('{"t":"%[2]s","x":"%%s","r":[{"o":"many"}]}', xid);
BEGIN
	IF TG_OP = 'INSERT' THEN %[3]s
	ELSIF TG_OP = 'UPDATE' THEN %[4]s
	ELSIF TG_OP = 'DELETE' THEN %[5]s
	END IF;
	IF n = 0 THEN
		RETURN NULL;
	ELSIF n IS NULL OR n > %[6]d OR told > %[7]d THEN
		PERFORM pg_notify('%[8]s', many);
		RETURN NULL;
	END IF;
	IF TG_OP = 'INSERT' THEN%[9]s
	ELSIF TG_OP = 'UPDATE' THEN%[10]s
	ELSE%[11]s
	END IF;
	PERFORM set_config('waystone_feed.told', told::text, true);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	BEGIN
		RAISE WARNING 'waystone: a change of %[2]s could not be told in full: %%', SQLERRM;
		PERFORM pg_notify('%[8]s', many);
	EXCEPTION WHEN OTHERS THEN
		RAISE WARNING 'waystone: a change of %[2]s could not be told: %%', SQLERRM;
	END;
	RETURN NULL;
END $feed$`, feedSchema, t.key,
		count("new_rows"), count("new_rows"), count("old_rows"), feedRows, feedTold, feedChannel,
		tell(fmt.Sprintf("SELECT %s AS r, row_number() OVER () AS k FROM new_rows n", row("insert", t.fields("n")))),
		tell(update),
		tell(fmt.Sprintf("SELECT %s AS r, row_number() OVER () AS k FROM old_rows o", row("delete", t.fields("o")))))
}

// triggers are the names of a table's triggers and what each is for.
func (t feedTable) triggers() map[string]string {
	return map[string]string{
		"waystone_feed_insert":   "INSERT ON %s REFERENCING NEW TABLE AS new_rows",
		"waystone_feed_update":   "UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
		"waystone_feed_delete":   "DELETE ON %s REFERENCING OLD TABLE AS old_rows",
		"waystone_feed_truncate": "TRUNCATE ON %s",
	}
}

// allowed says what keeps the feed from working. It changes nothing.
func (f *triggerFeed) allowed(ctx context.Context, conn *pgx.Conn) error {
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
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

// errMake says what has to be done by whom.
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

// install sees to it that functions and triggers are there, and returns the
// tables that they are on.
func (f *triggerFeed) install(ctx context.Context, conn *pgx.Conn) (oids []uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*feedPatience)
	defer cancel()
	if oids, err = f.tableIDs(ctx, conn); err != nil {
		return nil, err
	}
	if ok, err := f.installed(ctx, conn, oids); err != nil || ok {
		return oids, err
	}
	if err := f.make(ctx, conn, oids); err != nil {
		if denied(err) {
			return nil, fmt.Errorf("%w: %w", f.errMake(ctx, conn), err)
		}
		return nil, fmt.Errorf("make the triggers of the change feed: %w", err)
	}
	return oids, nil
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

// installed reports whether all triggers work and the functions are this
// binary's, or a newer one's.
func (f *triggerFeed) installed(ctx context.Context, conn *pgx.Conn, oids []uint32) (bool, error) {
	if _, _, err := f.ask(ctx, conn, oids); err != nil {
		if conn.IsClosed() || ctx.Err() != nil {
			return false, err
		}
		return false, nil
	}
	var mark *string
	err := conn.QueryRow(ctx, `SELECT obj_description(to_regnamespace($1)::oid, 'pg_namespace')`, feedSchema).Scan(&mark)
	if err != nil || mark == nil {
		return false, err
	}
	var version int
	_, err = fmt.Sscanf(*mark, "Change feed of the game server, version %d", &version)
	return *mark == f.mark || err == nil && version > feedVersion, nil
}

// make puts functions and triggers in place, one table after the other: making
// a trigger locks the table against writes for a moment, and no two are locked
// at once.
func (f *triggerFeed) make(ctx context.Context, conn *pgx.Conn, oids []uint32) (err error) {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, feedLock); err != nil {
		return err
	}
	defer func() {
		_, unlock := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, feedLock)
		err = errors.Join(err, unlock)
	}()
	if ok, err := f.installed(ctx, conn, oids); err != nil || ok { // another replica was faster
		return err
	}
	// Not IF NOT EXISTS, which asks for the right also when there is nothing to do.
	var there bool
	if err := conn.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, feedSchema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := conn.Exec(ctx, "CREATE SCHEMA "+feedSchema); err != nil {
			return err
		}
	}
	for i, t := range f.tables {
		for {
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return t.make(ctx, tx, oids[i]) })
			if err == nil {
				break
			}
			if !lockTimeout(err) {
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("table %s is locked by another transaction: %w", t.name.Sanitize(), err)
			case <-time.After(feedDDLPause):
			}
		}
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("COMMENT ON SCHEMA %s IS '%s'", feedSchema, f.mark))
	return err
}

// make puts the function and the triggers of one table in place. Triggers that
// work stay: to make one anew would lock the table.
func (t feedTable) make(ctx context.Context, tx pgx.Tx, oid uint32) error {
	if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, strconv.FormatInt(feedDDLWait.Milliseconds(), 10)); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT tgname::text, tgenabled IN ('O', 'A') FROM pg_trigger WHERE tgrelid = $1 AND tgname LIKE 'waystone\_feed\_%'`, oid)
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
	function := fmt.Sprintf("%s.tell_%s()", feedSchema, t.key)
	var statements []string
	if !whole {
		// Only the owner of the table may enable a trigger or drop it, but it goes
		// with the function.
		statements, have = append(statements, "DROP FUNCTION IF EXISTS "+function+" CASCADE"), nil
	}
	statements = append(statements, t.functionSQL(), "REVOKE ALL ON FUNCTION "+function+" FROM PUBLIC")
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

// lockTimeout reports whether another transaction held a lock for too long, or
// would have waited for one of ours.
func lockTimeout(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "55P03" || pe.Code == "40P01")
}
