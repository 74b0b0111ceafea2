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
	// feedTransaction is how many changes of one transaction are reported one
	// by one. If there are more, the feed reports that any row may have
	// changed.
	feedTransaction = 4096
	// feedPace is the pause before the server is asked again how far it is.
	feedPace = 2 * time.Millisecond
	// feedBeginning bounds the wait for transactions that were running when the
	// feed connected.
	feedBeginning = 30 * time.Second
)

// replicationFeed reports the changes of the published tables from the server's
// write-ahead log.
type replicationFeed struct {
	store  *Store
	tables []published
}

func newReplicationFeed(s *Store) *replicationFeed {
	return &replicationFeed{store: s, tables: s.web.publishedTables()}
}

// logConn returns a connection that can read the log.
func (f *replicationFeed) logConn(ctx context.Context) (*pgconn.PgConn, error) {
	cfg := f.store.feedConn.Copy()
	cfg.RuntimeParams["replication"] = "database"
	cfg.RuntimeParams["application_name"] = "waystone feed log"
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["datestyle"] = "ISO"
	cfg.RuntimeParams["wal_sender_timeout"] = "10000"
	delete(cfg.RuntimeParams, "statement_timeout") // it would count the whole stream
	conn, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return nil, fmt.Errorf("connect for replication; max_wal_senders and pg_hba.conf have to allow it: %w", err)
	}
	return conn, nil
}

// replication is one connection of the feed.
type replication struct {
	feed *replicationFeed
	to   store.Follower
	side *pgx.Conn      // for questions
	conn *pgconn.PgConn // for the log
	oids []uint32
	mark string // of the publication

	relations map[uint32]*relation
	txn       []store.Change
	many      map[store.Table]bool // tables of the transaction with more changes than are reported one by one
	xid       uint64
	seen      store.Snapshot // newest: for the upper half of transaction ids
	end       pglogrepl.LSN  // up to which the server has sent the log
	telling   bool           // the beginning was reported
	early     []store.Change // changes that came before
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
	side.RuntimeParams["synchronous_commit"] = "local" // its commits wait only for this server's disk
	if r.side, err = connectFeed(ctx, side); err != nil {
		return err
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
		ctx, cancel := context.WithTimeout(context.Background(), feedCloseTimeout)
		defer cancel()
		_ = r.conn.Close(ctx)
	}()
	if err := r.begin(ctx); err != nil {
		return err
	}
	return r.follow(ctx)
}

// begin creates the slot, which ends with the connection. It reports the
// beginning when no transaction is left that the slot may have missed: its
// commit was in the log before the slot, but it was not visible yet.
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
		// Changes that come meanwhile are reported after the beginning.
		if err := r.receive(bounded, time.Now().Add(feedInterval), func() bool { return false }); err != nil && !errors.Is(err, errInterval) {
			return err
		}
	}
	if err := r.feed.store.beginFeed(ctx, r.side, r.to); err != nil {
		return err
	}
	r.began()
	return nil
}

// began reports the changes that came before the beginning was reported.
func (r *replication) began() {
	if len(r.early) > 0 {
		r.to.Changed(r.early)
		r.early = nil
	}
	r.telling = true
}

// question is a question to the server, with its answer.
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

// ask reads the server's snapshot and the end of its log, and checks that
// tables and publication are unchanged. If the log is not on disk up to its
// end, ask makes the server write it: the feed gets only what is on disk.
func (r *replication) ask(ctx context.Context) (question, error) {
	ctx, cancel := context.WithTimeout(ctx, r.feed.store.feedPatience)
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
	var mark string
	var batch pgx.Batch
	batch.Queue(askQuery, r.oids, names).QueryRow(func(row pgx.Row) error { return row.Scan(&seen, &insert, &flush, &block, &same) })
	batch.Queue(publicationQuery, feedPublication, r.feed.want()).QueryRow(func(row pgx.Row) error { return row.Scan(&there, &published, &mark) })
	if err := r.side.SendBatch(ctx, &batch).Close(); err != nil {
		return q, fmt.Errorf("ask the server: %w", err)
	}
	if same == nil || !*same || !published {
		return q, errors.New("a table was replaced by another of its name, or the publication was changed")
	}
	if r.mark == "" {
		r.mark = mark
	} else if r.mark != mark {
		return q, errors.New("the publication was changed; a table may have been out of it for a moment")
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
		// A commit that did not wait for the disk is visible too.
		if _, err := r.side.Exec(ctx, `SELECT pg_logical_emit_message(true, 'waystone feed', '')`); err != nil {
			return q, fmt.Errorf("have the log written to disk: %w", err)
		}
	}
	return q, nil
}

// withoutPageHeader returns the end of the last record. If the record fills a
// page, the given end is after the header of the next page.
func withoutPageHeader(end pglogrepl.LSN, block int) pglogrepl.LSN {
	const short, long = 24, 40                                              // of a page, and of the first page of a file
	if rest := uint64(end) % uint64(block); rest == short || rest == long { //nolint:gosec // a block size is positive
		return end - pglogrepl.LSN(rest)
	}
	return end
}

// follow reports changes and confirms until something fails.
func (r *replication) follow(ctx context.Context) error {
	for {
		q, err := r.ask(ctx)
		if err != nil {
			return err
		}
		deadline := q.asked.Add(r.feed.store.feedPatience)
		for r.end < q.end {
			if err := r.status(ctx, true); err != nil {
				return err
			}
			err := r.receive(ctx, deadline, func() bool { return true })
			if err == nil && r.end < q.end {
				// The server has not sent everything yet: receive what it sends
				// meanwhile.
				err = r.receive(ctx, time.Now().Add(feedPace), func() bool { return false })
			}
			if !time.Now().Before(deadline) {
				return fmt.Errorf("the server has not sent its log up to %s within %s", q.end, r.feed.store.feedPatience)
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

// status tells the server how far the feed is, so that the server does not keep
// the log for it. With reply it asks the server how far it is.
func (r *replication) status(ctx context.Context, reply bool) error {
	err := pglogrepl.SendStandbyStatusUpdate(ctx, r.conn, pglogrepl.StandbyStatusUpdate{WALWritePosition: r.end, ReplyRequested: reply})
	if err != nil {
		return fmt.Errorf("answer the server: %w", err)
	}
	return nil
}

// receive handles what the server sends, until a time (errInterval), or until
// the server has said how far it is and enough returns true.
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

// handle handles one message of the log. Changes are reported with the commit
// of their transaction.
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
		// The key was changed: the row with the old key is gone.
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

// change reads a row. Of a deleted row there is only the key.
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
	if rel.part != "" {
		c.Op = store.OpUpdate
	}
	var err error
	switch rel.table {
	case store.TableUser:
		c.UserID, c.Banned = c.ID, values[rel.banned] == "t"
		c.BanExpiresAt, err = logTime(values[rel.banExpires], rel.zone)
	case store.TableSession:
		c.ExpiresAt, err = logTime(values[rel.expires], rel.zone)
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

// logTime reads a timestamp of the log. Without a zone, it is a time in where.
func logTime(text string, where *time.Location) (time.Time, error) {
	if text == "" || text == "infinity" || text == "-infinity" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.ParseInLocation(layout, text, where); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("a time that cannot be read")
}

// commit reports the changes of the transaction.
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

// fullXid adds the upper half to a transaction id of the log, which has 32
// bits: the result is the id nearest to the newest known one.
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
