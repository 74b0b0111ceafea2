package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// feedPublication names what is published to the feed.
	feedPublication = "waystone_feed"
	// feedTransaction is how many changes of one transaction are told one by
	// one; of more it is told that any row may have changed.
	feedTransaction = 4096
	// feedPace is the pause before the server is asked again how far it is.
	feedPace = 2 * time.Millisecond
	// feedBeginning bounds the wait for transactions that were under way when the
	// feed connected.
	feedBeginning = 30 * time.Second
	// columnLists is the server version from which a publication can leave
	// columns out: older ones would send passwords and tokens.
	columnLists = 150000
)

// published is a table of the publication and what is published of it.
type published struct {
	table   store.Table
	name    pgx.Identifier
	columns []string // ours, in the order of better-auth's names below
	// The names of columns as the table has them; "" for one it does not have.
	id, owner, banned, banExpires, expires, provider string
}

// publishedTables returns what is published. Nothing of it is secret.
func (w *website) publishedTables() []published {
	name := func(t *table, camel string) string {
		c, _ := t.column(camel)
		return c.name
	}
	tables := []published{
		{
			table: store.TableUser, name: pgx.Identifier{w.user.schema, w.user.name}, id: name(w.user, "id"),
			banned: name(w.user, "banned"), banExpires: name(w.user, "banExpires"),
		},
		{
			table: store.TableSession, name: pgx.Identifier{w.session.schema, w.session.name}, id: name(w.session, "id"),
			owner: name(w.session, "userId"), expires: name(w.session, "expiresAt"),
		},
		{
			table: store.TableAccount, name: pgx.Identifier{w.account.schema, w.account.name}, id: name(w.account, "id"),
			owner: name(w.account, "userId"), provider: name(w.account, "providerId"),
		},
		{table: store.TableCharacter, name: pgx.Identifier{"game", "character"}, id: "id", owner: "user_id"},
	}
	for i := range tables {
		p := &tables[i]
		for _, c := range []string{p.id, p.owner, p.banned, p.banExpires, p.expires, p.provider} {
			if c != "" {
				p.columns = append(p.columns, c)
			}
		}
	}
	return tables
}

// publishSQL makes the publication, or with ALTER brings it up to date.
func publishSQL(verb string, tables []published) string {
	list := make([]string, len(tables))
	for i, p := range tables {
		columns := make([]string, len(p.columns))
		for j, c := range p.columns {
			columns[j] = quote(c)
		}
		list[i] = fmt.Sprintf("%s (%s)", p.name.Sanitize(), strings.Join(columns, ", "))
	}
	if verb == "ALTER" {
		return fmt.Sprintf("ALTER PUBLICATION %s SET TABLE %s", feedPublication, strings.Join(list, ", "))
	}
	return fmt.Sprintf("CREATE PUBLICATION %s FOR TABLE %s", feedPublication, strings.Join(list, ", "))
}

// replicationFeed tells what the server's write-ahead log holds of the
// published tables.
type replicationFeed struct {
	store  *Store
	tables []published
}

func newReplicationFeed(s *Store) *replicationFeed {
	return &replicationFeed{store: s, tables: s.web.publishedTables()}
}

// Follow implements store.Feed.
func (f *replicationFeed) Follow(ctx context.Context, to store.Follower) error {
	return keepFollowing(ctx, to, f.connect)
}

// try says what keeps the feed from working; nil when nothing does. It makes
// the publication where there is none.
func (f *replicationFeed) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, feedBeginning)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, f.store.feedConn.Copy())
	if err != nil {
		return translate(ctx, "connect", err)
	}
	defer closeFeed(conn)
	if err := f.allowed(ctx, conn); err != nil {
		return err
	}
	if err := f.publish(ctx, conn); err != nil {
		return err
	}
	log, err := f.logConn(ctx)
	if err != nil {
		return err
	}
	return log.Close(ctx)
}

// allowed says what of the server and the role keeps the feed from working. It
// changes nothing.
func (f *replicationFeed) allowed(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var level, role string
	var may, there, same, owns bool
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('wal_level'), rolreplication OR rolsuper, rolname::text
		FROM pg_roles WHERE rolname = current_user`).Scan(&version, &level, &may, &role)
	switch {
	case err != nil:
		return translate(ctx, "ask the server what it allows", err)
	case version < columnLists:
		return errors.New("it needs PostgreSQL 15 or newer, where a publication can leave out columns that hold secrets")
	case level != "logical":
		return fmt.Errorf("it needs wal_level = logical in postgresql.conf and a restart of PostgreSQL; it is %s", level)
	case !may:
		return fmt.Errorf("the role may not replicate: a superuser has to run ALTER ROLE %s REPLICATION", pgx.Identifier{role}.Sanitize())
	}
	if err := f.harmless(ctx, conn); err != nil {
		return err
	}
	if err := conn.QueryRow(ctx, publicationQuery, feedPublication, f.want()).Scan(&there, &same); err != nil || same {
		return translate(ctx, "look for the publication", err)
	}
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
		return err
	}
	err = conn.QueryRow(ctx, `SELECT has_database_privilege(current_database(), 'CREATE') AND bool_and(pg_has_role(relowner, 'USAGE'))
		FROM pg_class WHERE oid = ANY($1::oid[])`, oids).Scan(&owns)
	if err == nil && !owns {
		return f.errPublish(there)
	}
	return translate(ctx, "look for the owner of the tables", err)
}

// errPublish says what the owner has to run.
func (f *replicationFeed) errPublish(there bool) error {
	verb := "CREATE"
	if there {
		verb = "ALTER"
	}
	return fmt.Errorf("%w: the role may not make the publication of the change feed: the owner of the tables has to run: %s",
		errNoFeed, publishSQL(verb, f.tables))
}

// logConn returns a connection that can read the log.
func (f *replicationFeed) logConn(ctx context.Context) (*pgconn.PgConn, error) {
	cfg := f.store.feedConn.Copy()
	cfg.RuntimeParams["replication"] = "database"
	cfg.RuntimeParams["application_name"] = "waystone feed log"
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["datestyle"] = "ISO"
	delete(cfg.RuntimeParams, "statement_timeout") // it would count the whole stream
	conn, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return nil, fmt.Errorf("connect for replication; max_wal_senders and pg_hba.conf have to allow it: %w", err)
	}
	return conn, nil
}

// publish sees to it that the publication is there and publishes what it must.
func (f *replicationFeed) publish(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 10*feedPatience)
	defer cancel()
	var there, same bool
	look := func(q interface {
		QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	},
	) error {
		return q.QueryRow(ctx, publicationQuery, feedPublication, f.want()).Scan(&there, &same)
	}
	if err := look(conn); err != nil || same {
		return err
	}
	if err := f.harmless(ctx, conn); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, feedLock); err != nil {
			return err
		}
		if err := look(tx); err != nil || same { // another replica was faster
			return err
		}
		verb := "CREATE"
		if there {
			verb = "ALTER"
		}
		_, err := tx.Exec(ctx, publishSQL(verb, f.tables))
		return err
	})
	if denied(err) {
		return f.errPublish(there)
	}
	return err
}

// publicationQuery tells whether publication $1 is there, and whether it
// publishes exactly what $2 says, of the tables that have those names now.
const publicationQuery = `SELECT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = $1), COALESCE((
	SELECT array_agg(format('%s.%s (%s)', schemaname, tablename, (SELECT string_agg(a, ', ' ORDER BY a COLLATE "C") FROM unnest(attnames::text[]) a))
		ORDER BY schemaname COLLATE "C", tablename COLLATE "C")
	FROM pg_publication_tables WHERE pubname = $1
) = $2::text[], false)`

// want is what publicationQuery compares with.
func (f *replicationFeed) want() []string {
	tables := slices.Clone(f.tables)
	slices.SortFunc(tables, func(a, b published) int { return slices.Compare(a.name, b.name) })
	list := make([]string, len(tables))
	for i, p := range tables {
		columns := slices.Sorted(slices.Values(p.columns))
		list[i] = fmt.Sprintf("%s.%s (%s)", p.name[0], p.name[1], strings.Join(columns, ", "))
	}
	return list
}

// replication is one connection of the feed.
type replication struct {
	feed *replicationFeed
	to   store.Follower
	side *pgx.Conn      // for questions
	conn *pgconn.PgConn // for the log
	oids []uint32

	relations map[uint32]*relation
	txn       []store.Change
	many      map[store.Table]bool // of the transaction: more changes than are told
	xid       uint64
	seen      store.Snapshot // newest: for the upper half of transaction ids
	end       pglogrepl.LSN  // up to which the server has told
	telling   bool           // the beginning was told
	early     []store.Change // that came before
}

// relation is a table as the log describes it.
type relation struct {
	published
	columns []string
}

func (f *replicationFeed) connect(ctx context.Context, to store.Follower) error {
	r := &replication{feed: f, to: to, relations: map[uint32]*relation{}}
	var err error
	side := f.store.feedConn.Copy()
	side.RuntimeParams["synchronous_commit"] = "local" // what it writes waits for this server's disk alone
	if r.side, err = pgx.ConnectConfig(ctx, side); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer closeFeed(r.side)
	if err := f.publish(ctx, r.side); err != nil {
		return err
	}
	if r.oids, err = f.tableIDs(ctx, r.side); err != nil {
		return err
	}
	if r.conn, err = f.logConn(ctx); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), feedPatience)
		defer cancel()
		_ = r.conn.Close(ctx)
	}()
	if err := r.begin(ctx); err != nil {
		return err
	}
	return r.follow(ctx)
}

func (f *replicationFeed) tableIDs(ctx context.Context, conn *pgx.Conn) ([]uint32, error) {
	oids := make([]uint32, len(f.tables))
	for i, p := range f.tables {
		if err := conn.QueryRow(ctx, `SELECT $1::text::regclass::oid`, p.name.Sanitize()).Scan(&oids[i]); err != nil {
			return nil, fmt.Errorf("look for table %s: %w", p.name.Sanitize(), err)
		}
	}
	return oids, nil
}

// begin makes the slot, which ends with the connection, and tells the
// beginning once no transaction is left that the slot may have missed: one
// whose commit was in the log before the slot, and is not visible yet.
func (r *replication) begin(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, feedBeginning)
	defer cancel()
	slot := "waystone_feed_" + strings.ToLower(store.NewID())
	made, err := pglogrepl.CreateReplicationSlot(bounded, r.conn, slot, "pgoutput", pglogrepl.CreateReplicationSlotOptions{
		Temporary: true, SnapshotAction: "NOEXPORT_SNAPSHOT", Mode: pglogrepl.LogicalReplication,
	})
	if err != nil {
		return fmt.Errorf("make a replication slot, which waits for transactions that are open: %w", err)
	}
	from, err := pglogrepl.ParseLSN(made.ConsistentPoint)
	if err != nil {
		return fmt.Errorf("make a replication slot: %w", err)
	}
	err = pglogrepl.StartReplication(bounded, r.conn, slot, from, pglogrepl.StartReplicationOptions{
		Mode:       pglogrepl.LogicalReplication,
		PluginArgs: []string{"proto_version '1'", "publication_names '" + feedPublication + "'"},
	})
	if err != nil {
		return fmt.Errorf("start replication: %w", err)
	}
	first, err := r.ask(bounded)
	if err != nil {
		return err
	}
	for first.at.Xmax > r.seen.Xmin {
		if _, err := r.ask(bounded); err != nil {
			return fmt.Errorf("wait for the transactions that were open: %w", err)
		}
		// What comes meanwhile is told after the beginning.
		if err := r.receive(bounded, time.Now().Add(feedInterval), func() bool { return false }); err != nil && !errors.Is(err, errInterval) {
			return err
		}
	}
	if err := beginFeed(ctx, r.side, r.to); err != nil {
		return err
	}
	r.began()
	return nil
}

// began tells what has come before the beginning was told.
func (r *replication) began() {
	if len(r.early) > 0 {
		r.to.Changed(r.early)
		r.early = nil
	}
	r.telling = true
}

// question is what the server was asked.
type question struct {
	asked time.Time
	at    store.Snapshot
	end   pglogrepl.LSN // of the log, when at was taken or later
}

// askQuery returns a snapshot, then where the log ends: later, so that the log
// holds every commit that the snapshot sees. $1 and $2 are the tables' ids and
// names.
const askQuery = `SELECT s.at, pg_current_wal_insert_lsn()::text, pg_current_wal_flush_lsn()::text, current_setting('wal_block_size')::int,
	(SELECT bool_and(to_regclass(x.name) = x.id::regclass) FROM unnest($1::oid[], $2::text[]) x(id, name))
FROM (SELECT pg_current_snapshot()::text AS at OFFSET 0) s`

// ask has the server say what it sees and where its log ends, and checks that
// everything is as it was. If the log is not on disk up to there, it is made to
// be: the feed hears of nothing before.
func (r *replication) ask(ctx context.Context) (question, error) {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
	defer cancel()
	q := question{asked: time.Now()}
	names := make([]string, len(r.feed.tables))
	for i, p := range r.feed.tables {
		names[i] = p.name.Sanitize()
	}
	var seen, insert, flush string
	var block int
	var same *bool
	var there, published bool
	var batch pgx.Batch
	batch.Queue(askQuery, r.oids, names).QueryRow(func(row pgx.Row) error { return row.Scan(&seen, &insert, &flush, &block, &same) })
	batch.Queue(publicationQuery, feedPublication, r.feed.want()).QueryRow(func(row pgx.Row) error { return row.Scan(&there, &published) })
	if err := r.side.SendBatch(ctx, &batch).Close(); err != nil {
		return q, fmt.Errorf("ask the server: %w", err)
	}
	if same == nil || !*same || !published {
		return q, errors.New("a table was replaced by another of its name, or the publication was changed")
	}
	var err error
	if q.at, err = store.ParseSnapshot(seen); err != nil {
		return q, err
	}
	r.seen = q.at
	if q.end, err = pglogrepl.ParseLSN(insert); err != nil {
		return q, fmt.Errorf("the end of the log: %w", err)
	}
	onDisk, err := pglogrepl.ParseLSN(flush)
	if err != nil {
		return q, fmt.Errorf("the end of the log on disk: %w", err)
	}
	q.end = withoutPageHeader(q.end, block)
	if onDisk < q.end {
		// Also a commit that did not wait for the disk is visible.
		if _, err := r.side.Exec(ctx, `SELECT pg_logical_emit_message(true, 'waystone feed', '')`); err != nil {
			return q, fmt.Errorf("have the log written to disk: %w", err)
		}
	}
	return q, nil
}

// withoutPageHeader returns the end of the last record: where it fills a page,
// the place for the next one is behind the header of the next page.
func withoutPageHeader(end pglogrepl.LSN, block int) pglogrepl.LSN {
	const short, long = 24, 40                                              // of a page, and of the first page of a file
	if rest := uint64(end) % uint64(block); rest == short || rest == long { //nolint:gosec // a block size is positive
		return end - pglogrepl.LSN(rest)
	}
	return end
}

// follow tells and confirms until something fails.
func (r *replication) follow(ctx context.Context) error {
	for {
		q, err := r.ask(ctx)
		if err != nil {
			return err
		}
		deadline := q.asked.Add(feedPatience)
		for r.end < q.end {
			if err := r.status(ctx, true); err != nil {
				return err
			}
			err := r.receive(ctx, deadline, func() bool { return true })
			if err == nil && r.end < q.end {
				// It is on its way there: what it sends meanwhile is taken in.
				err = r.receive(ctx, time.Now().Add(feedPace), func() bool { return false })
			}
			if !time.Now().Before(deadline) {
				return fmt.Errorf("the server has not told up to %s within %s", q.end, feedPatience)
			}
			if err != nil && !errors.Is(err, errInterval) {
				return err
			}
		}
		r.to.Confirmed(q.asked, q.at)
		if err := r.receive(ctx, q.asked.Add(feedInterval), func() bool { return false }); err != nil && !errors.Is(err, errInterval) {
			return err
		}
	}
}

// status tells the server how far we are, so that it keeps no log for us, and
// may ask it to say how far it is.
func (r *replication) status(ctx context.Context, reply bool) error {
	err := pglogrepl.SendStandbyStatusUpdate(ctx, r.conn, pglogrepl.StandbyStatusUpdate{WALWritePosition: r.end, ReplyRequested: reply})
	if err != nil {
		return fmt.Errorf("answer the server: %w", err)
	}
	return nil
}

// receive handles what the server sends until an instant (errInterval), or
// until it has said how far it is and enough says that this is enough.
func (r *replication) receive(ctx context.Context, until time.Time, enough func() bool) error {
	bounded, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for {
		msg, err := r.conn.ReceiveMessage(bounded)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && bounded.Err() != nil && !r.conn.IsClosed():
			return errInterval
		case err != nil:
			return fmt.Errorf("receive the log: %w", err)
		}
		data, ok := msg.(*pgproto3.CopyData)
		if !ok {
			if e, ok := msg.(*pgproto3.ErrorResponse); ok {
				return fmt.Errorf("receive the log: %w", pgconn.ErrorResponseToPgError(e))
			}
			continue
		}
		switch data.Data[0] {
		case pglogrepl.PrimaryKeepaliveMessageByteID:
			k, err := pglogrepl.ParsePrimaryKeepaliveMessage(data.Data[1:])
			if err != nil {
				return fmt.Errorf("read a keep-alive: %w", err)
			}
			r.end = max(r.end, k.ServerWALEnd)
			if k.ReplyRequested {
				if err := r.status(ctx, false); err != nil {
					return err
				}
			}
			if enough() {
				return nil
			}
		case pglogrepl.XLogDataByteID:
			x, err := pglogrepl.ParseXLogData(data.Data[1:])
			if err != nil {
				return fmt.Errorf("read the log: %w", err)
			}
			if err := r.handle(x.WALData); err != nil {
				return err
			}
		}
	}
}

// handle takes in one message of the log. Changes are told with the commit of
// their transaction.
func (r *replication) handle(data []byte) error {
	msg, err := pglogrepl.Parse(data)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	switch m := msg.(type) {
	case *pglogrepl.BeginMessage:
		r.xid = fullXid(m.Xid, r.seen.Xmax)
		r.txn, r.many = nil, map[store.Table]bool{}
	case *pglogrepl.RelationMessage:
		return r.describe(m)
	case *pglogrepl.InsertMessage:
		return r.add(m.RelationID, store.OpInsert, nil, m.Tuple)
	case *pglogrepl.UpdateMessage:
		return r.add(m.RelationID, store.OpUpdate, m.OldTuple, m.NewTuple)
	case *pglogrepl.DeleteMessage:
		return r.add(m.RelationID, store.OpDelete, nil, m.OldTuple)
	case *pglogrepl.TruncateMessage:
		for _, id := range m.RelationIDs {
			if rel, ok := r.relations[id]; ok {
				r.many[rel.table] = true
			}
		}
	case *pglogrepl.CommitMessage:
		r.commit()
	}
	return nil
}

func (r *replication) describe(m *pglogrepl.RelationMessage) error {
	i := slices.Index(r.oids, m.RelationID)
	if i < 0 {
		return fmt.Errorf("the publication tells of table %s.%s, which it should not", m.Namespace, m.RelationName)
	}
	rel := &relation{published: r.feed.tables[i]}
	for _, c := range m.Columns {
		rel.columns = append(rel.columns, c.Name)
	}
	r.relations[m.RelationID] = rel
	return nil
}

// add notes one changed row of the transaction.
func (r *replication) add(id uint32, op store.Op, before, row *pglogrepl.TupleData) error {
	rel, ok := r.relations[id]
	if !ok {
		return fmt.Errorf("the log tells of table %d before it has described it", id)
	}
	if len(r.txn) >= feedTransaction {
		r.many[rel.table] = true
		return nil
	}
	c, err := rel.change(op, row)
	if err != nil {
		return err
	}
	c.Xid = r.xid
	if before != nil {
		// The key was changed: the row under the old one is gone.
		old, err := rel.change(store.OpDelete, before)
		if err != nil {
			return err
		}
		if old.ID != c.ID {
			old.Xid = r.xid
			r.txn = append(r.txn, old)
		}
	}
	r.txn = append(r.txn, c)
	return nil
}

// change reads a row. Of a deleted one only the key is there.
func (rel *relation) change(op store.Op, row *pglogrepl.TupleData) (store.Change, error) {
	c := store.Change{Table: rel.table, Op: op}
	if row == nil || len(row.Columns) > len(rel.columns) {
		return c, fmt.Errorf("the log tells of a row of %s that does not fit the table", rel.name.Sanitize())
	}
	values := map[string]string{}
	for i, col := range row.Columns {
		if col.DataType == pglogrepl.TupleDataTypeText {
			values[rel.columns[i]] = string(col.Data)
		}
	}
	c.ID = values[rel.id]
	if c.ID == "" {
		return c, fmt.Errorf("the log tells of a row of %s without its id", rel.name.Sanitize())
	}
	c.UserID = values[rel.owner]
	var err error
	switch rel.table {
	case store.TableUser:
		c.UserID, c.Banned = c.ID, values[rel.banned] == "t"
		c.BanExpiresAt, err = logTime(values[rel.banExpires])
	case store.TableSession:
		c.ExpiresAt, err = logTime(values[rel.expires])
	case store.TableAccount:
		provider, known := values[rel.provider]
		c.Credential = !known || provider == "credential"
	case store.TableCharacter:
	}
	if err != nil {
		return c, fmt.Errorf("the log tells of a row of %s: %w", rel.name.Sanitize(), err)
	}
	return c, nil
}

// logTime reads a timestamp of the log, with or without a zone; without, it is
// UTC.
func logTime(text string) (time.Time, error) {
	if text == "" || text == "infinity" || text == "-infinity" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("a time that cannot be read")
}

// commit tells the transaction.
func (r *replication) commit() {
	changes := r.txn
	if len(r.many) > 0 {
		changes = slices.DeleteFunc(changes, func(c store.Change) bool { return r.many[c.Table] })
		for _, p := range r.feed.tables {
			if r.many[p.table] {
				changes = append(changes, store.Change{Table: p.table, Op: store.OpMany, Xid: r.xid})
			}
		}
	}
	r.txn, r.many = nil, nil
	switch {
	case len(changes) == 0:
	case r.telling:
		r.to.Changed(changes)
	default:
		r.early = append(r.early, changes...)
	}
}

// fullXid gives a transaction id of the log, 32 bits, its upper half: it is the
// one nearest to the newest that is known.
func fullXid(low uint32, newest uint64) uint64 {
	xid := newest&^0xffffffff | uint64(low)
	const half = 1 << 31
	switch {
	case xid > newest+half && xid >= 1<<32:
		xid -= 1 << 32
	case xid+half < newest:
		xid += 1 << 32
	}
	return xid
}
