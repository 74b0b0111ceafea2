package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// feedSchema holds the functions of the triggers, and nothing else.
	feedSchema = "game_feed"
	// feedChannel is where the triggers tell.
	feedChannel = "waystone_feed"
	// feedVersion is that of the functions and of what they tell. A binary puts
	// its own in place of a lower one.
	feedVersion = 1
	// feedRows is how many rows of one statement are told one by one; of more it
	// is told that any may have changed.
	feedRows = 200
	// feedLock is the advisory lock under which triggers are made.
	feedLock int64 = 0x7761797366656564
)

// feedTable is a table that the triggers are on.
type feedTable struct {
	table  store.Table
	key    string // in messages and names of functions
	name   pgx.Identifier
	fields func(row string) string // of one row, as arguments of json_build_object
	was    string                  // likewise, of the row before an update
}

// feedTables returns the tables with what is told of their rows. Nothing of it
// is secret.
func (w *website) feedTables() []feedTable {
	id := func(t *table, row string) string { return fmt.Sprintf("'i', %s::text", col(t, row, "id")) }
	owner := func(t *table, row string) string { return fmt.Sprintf("'u', %s::text", col(t, row, "userId")) }
	user := feedTable{
		table: store.TableUser, key: "user", name: pgx.Identifier{w.user.schema, w.user.name},
		fields: func(row string) string { return id(w.user, row) },
	}
	if w.admin {
		until, _ := w.user.column("banExpires")
		user.fields = func(row string) string {
			return fmt.Sprintf("%s, 'b', COALESCE(%s, false), 'e', %s", id(w.user, row), col(w.user, row, "banned"), epochMillis(until, row))
		}
		user.was = fmt.Sprintf("'w', COALESCE(%s, false)", col(w.user, "o", "banned"))
	}
	expires, _ := w.session.column("expiresAt")
	return []feedTable{
		user,
		{
			table: store.TableSession, key: "session", name: pgx.Identifier{w.session.schema, w.session.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'e', %s", id(w.session, row), owner(w.session, row), epochMillis(expires, row))
			},
		},
		{
			table: store.TableAccount, key: "account", name: pgx.Identifier{w.account.schema, w.account.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'c', %s = 'credential'", id(w.account, row), owner(w.account, row), col(w.account, row, "providerId"))
			},
		},
		{
			table: store.TableCharacter, key: "character", name: pgx.Identifier{"game", "character"},
			fields: func(row string) string { return fmt.Sprintf("'i', %[1]s.id::text, 'u', %[1]s.user_id", row) },
		},
	}
}

// epochMillis is an instant in milliseconds since 1970.
func epochMillis(c column, row string) string {
	return fmt.Sprintf("(extract(epoch FROM %s) * 1000)::bigint", read(c, row))
}

// functionSQL makes the function of a table's triggers. It tells each row, or
// if there are many that any may have changed; and likewise if anything goes
// wrong, for an error here would fail the statement of the website.
func (t feedTable) functionSQL() string {
	tell := func(op, fields, from string) string {
		return fmt.Sprintf(`
		SELECT count(*) INTO n FROM %[3]s;
		IF n > %[5]d THEN
			PERFORM pg_notify('%[4]s', many);
		ELSIF n > 0 THEN
			PERFORM pg_notify('%[4]s', json_build_object('t', '%[6]s', 'o', '%[1]s', 'x', xid, %[2]s)::text) FROM %[3]s;
		END IF;`, op, fields, from, feedChannel, feedRows, t.key)
	}
	update, from := t.fields("n"), "new_rows n"
	if t.was != "" {
		update, from = update+", "+t.was, "new_rows n LEFT JOIN old_rows o ON o.id = n.id"
	}
	return fmt.Sprintf(`CREATE OR REPLACE FUNCTION %[1]s.tell_%[2]s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $feed$
DECLARE
	n bigint;
	xid text := pg_current_xact_id()::text;
	many text := json_build_object('t', '%[2]s', 'o', 'many', 'x', xid)::text;
BEGIN
	IF TG_OP = 'INSERT' THEN%[3]s
	ELSIF TG_OP = 'UPDATE' THEN%[4]s
	ELSIF TG_OP = 'DELETE' THEN%[5]s
	ELSE
		PERFORM pg_notify('%[6]s', many);
	END IF;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	BEGIN
		RAISE WARNING 'waystone: a change of %[2]s could not be told in full: %%', SQLERRM;
		PERFORM pg_notify('%[6]s', many);
	EXCEPTION WHEN OTHERS THEN
		RAISE WARNING 'waystone: a change of %[2]s could not be told: %%', SQLERRM;
	END;
	RETURN NULL;
END $feed$`, feedSchema, t.key,
		tell("insert", t.fields("n"), "new_rows n"), tell("update", update, from), tell("delete", t.fields("o"), "old_rows o"),
		feedChannel)
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

// triggerFeed tells what triggers on the tables notify of.
type triggerFeed struct {
	store  *Store
	tables []feedTable
	mark   string // of the functions that this binary makes
}

func newTriggerFeed(s *Store) *triggerFeed {
	f := &triggerFeed{store: s, tables: s.web.feedTables()}
	sum := sha256.New()
	for _, t := range f.tables {
		_, _ = sum.Write([]byte(t.functionSQL()))
	}
	f.mark = fmt.Sprintf("Change feed of the game server, version %d %s", feedVersion, hex.EncodeToString(sum.Sum(nil)[:8]))
	return f
}

// Follow implements store.Feed.
func (f *triggerFeed) Follow(ctx context.Context, to store.Follower) error {
	return keepFollowing(ctx, to, f.connect)
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
	var may bool
	err = conn.QueryRow(ctx, `SELECT has_database_privilege(current_database(), 'CREATE') AND bool_and(has_table_privilege(x, 'TRIGGER'))
		FROM unnest($1::oid[]) x`, oids).Scan(&may)
	if err == nil && !may {
		return f.errMake()
	}
	return translate(ctx, "look for the right to make triggers", err)
}

// errMake says what has to be done by whom.
func (f *triggerFeed) errMake() error {
	return fmt.Errorf("%w: the role may not make the triggers of the change feed: run `waystone db migrate` with "+
		"DATABASE_URL naming the owner of the tables, or GRANT CREATE ON DATABASE and TRIGGER on %s to the role",
		errNoFeed, strings.Join(f.names(), ", "))
}

func (f *triggerFeed) connect(ctx context.Context, to store.Follower) error {
	var told []store.Change // by notifications that came during a call
	var bad error
	cfg := f.store.feedConn.Copy()
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		c, err := parseChange(n.Payload)
		if err != nil {
			bad = err
			return
		}
		told = append(told, c)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer closeFeed(conn)
	oids, err := f.install(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+feedChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := beginFeed(ctx, conn, to); err != nil {
		return err
	}
	tell := func() error {
		if len(told) > 0 {
			to.Changed(told)
			told = nil
		}
		return bad
	}
	// A commit becomes visible a moment before its notification is sent, so an
	// answer says of sure only what the question before it asked.
	var asked time.Time
	var at store.Snapshot
	for {
		next := time.Now()
		seen, err := f.ask(ctx, conn, oids)
		if err != nil {
			return err
		}
		if err := tell(); err != nil {
			return err
		}
		if !asked.IsZero() {
			to.Confirmed(asked, at)
		}
		asked, at = next, seen
		for until := next.Add(feedInterval); ; {
			err := waitNotification(ctx, conn, until)
			if err := tell(); err != nil {
				return err
			}
			if errors.Is(err, errInterval) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
}

// errInterval says that an interval is over.
var errInterval = errors.New("the interval is over")

// waitNotification waits for one notification or the end of the interval.
func waitNotification(ctx context.Context, conn *pgx.Conn, until time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	err := conn.PgConn().WaitForNotification(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil && !conn.IsClosed():
		return errInterval
	}
	return fmt.Errorf("wait for notifications: %w", err)
}

// closeFeed ends a connection for which nobody waits.
func closeFeed(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), feedPatience)
	defer cancel()
	_ = conn.Close(ctx)
}

// stillThere counts the triggers that work on the very tables, $1, that they
// were found on, by their names, $2.
const stillThere = `SELECT pg_current_snapshot()::text, (
	SELECT count(*) FROM pg_trigger
	WHERE tgrelid = ANY($1::oid[]) AND tgname LIKE 'waystone\_feed\_%' AND tgenabled IN ('O', 'A')
), (SELECT bool_and(to_regclass(x.name) = x.id::regclass) FROM unnest($1::oid[], $2::text[]) x(id, name))`

// ask has the server say what it sees, and checks that the triggers are there.
func (f *triggerFeed) ask(ctx context.Context, conn *pgx.Conn, oids []uint32) (store.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
	defer cancel()
	var seen string
	var triggers int
	var same *bool
	if err := conn.QueryRow(ctx, stillThere, oids, f.names()).Scan(&seen, &triggers, &same); err != nil {
		return store.Snapshot{}, fmt.Errorf("ask the server: %w", err)
	}
	if same == nil || !*same {
		return store.Snapshot{}, errors.New("a table was replaced by another of its name")
	}
	if want := 4 * len(f.tables); triggers != want {
		return store.Snapshot{}, fmt.Errorf("%d of %d triggers are there and enabled", triggers, want)
	}
	return store.ParseSnapshot(seen)
}

func (f *triggerFeed) names() []string {
	names := make([]string, len(f.tables))
	for i, t := range f.tables {
		names[i] = t.name.Sanitize()
	}
	return names
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
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return f.make(ctx, tx, oids) }); err != nil {
		if denied(err) {
			return nil, fmt.Errorf("%w: %w", f.errMake(), err)
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
	if _, err := f.ask(ctx, conn, oids); err != nil {
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

// make puts functions and triggers in place.
func (f *triggerFeed) make(ctx context.Context, tx pgx.Tx, oids []uint32) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, feedLock); err != nil {
		return err
	}
	// Not IF NOT EXISTS, which asks for the right also when there is nothing to do.
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, feedSchema).Scan(&there); err != nil {
		return err
	}
	var statements []string
	if !there {
		statements = append(statements, "CREATE SCHEMA "+feedSchema)
	}
	for i, t := range f.tables {
		statements = append(statements, t.functionSQL())
		have, err := triggersOn(ctx, tx, oids[i])
		if err != nil {
			return err
		}
		for name, what := range t.triggers() {
			if have[name] {
				continue
			}
			statements = append(statements, fmt.Sprintf("CREATE OR REPLACE TRIGGER %s AFTER "+what+" FOR EACH STATEMENT EXECUTE FUNCTION %s.tell_%s()",
				name, t.name.Sanitize(), feedSchema, t.key))
		}
	}
	statements = append(statements, fmt.Sprintf("COMMENT ON SCHEMA %s IS '%s'", feedSchema, f.mark))
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// triggersOn returns the names of the feed's triggers that work on a table: to
// make one anew would lock it.
func triggersOn(ctx context.Context, tx pgx.Tx, oid uint32) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `SELECT tgname::text FROM pg_trigger
		WHERE tgrelid = $1 AND tgname LIKE 'waystone\_feed\_%' AND tgenabled IN ('O', 'A')`, oid)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	have := make(map[string]bool, len(names))
	for _, name := range names {
		have[name] = true
	}
	return have, err
}

// notification is what a trigger tells.
type notification struct {
	Table      string `json:"t"`
	Op         string `json:"o"`
	Xid        string `json:"x"`
	ID         string `json:"i"`
	UserID     string `json:"u"`
	Banned     bool   `json:"b"`
	WasBanned  *bool  `json:"w"`
	EndsAt     *int64 `json:"e"` // milliseconds since 1970: of the ban, or of the session
	Credential *bool  `json:"c"`
}

// parseChange reads a notification. What cannot be read ends the connection:
// nobody knows what it would have told.
func parseChange(payload string) (store.Change, error) {
	var n notification
	if err := json.Unmarshal([]byte(payload), &n); err != nil {
		return store.Change{}, fmt.Errorf("a notification on %s cannot be read: %w", feedChannel, err)
	}
	c := store.Change{ID: n.ID, UserID: n.UserID, Banned: n.Banned, WasBanned: n.WasBanned}
	var err error
	if c.Xid, err = strconv.ParseUint(n.Xid, 10, 64); err != nil {
		return store.Change{}, fmt.Errorf("a notification on %s has no transaction: %w", feedChannel, err)
	}
	ops := map[string]store.Op{"insert": store.OpInsert, "update": store.OpUpdate, "delete": store.OpDelete, "many": store.OpMany}
	tables := map[string]store.Table{
		"user": store.TableUser, "session": store.TableSession, "account": store.TableAccount, "character": store.TableCharacter,
	}
	var known, table bool
	c.Op, known = ops[n.Op]
	c.Table, table = tables[n.Table]
	if !known || !table || c.Op != store.OpMany && c.ID == "" {
		return store.Change{}, fmt.Errorf("a notification on %s is of a kind that is not known here", feedChannel)
	}
	var end time.Time
	if n.EndsAt != nil {
		end = time.UnixMilli(*n.EndsAt).UTC()
	}
	switch c.Table {
	case store.TableUser:
		c.UserID, c.BanExpiresAt = c.ID, end
	case store.TableSession:
		c.ExpiresAt = end
	case store.TableAccount:
		c.Credential = n.Credential == nil || *n.Credential
	case store.TableCharacter:
	}
	return c, nil
}
