package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// feedSchema holds the functions of the triggers, and nothing else.
	feedSchema = "game_feed"
	// feedFunction and feedTrigger begin the names of functions and triggers.
	// Those of version 1 have other names, so a binary of that version does not
	// take these for its own.
	feedFunction = "changed_"
	feedTrigger  = "waystone_tell_"
	// feedVersion is the version of the functions and of their notifications. A
	// binary replaces functions of a lower version.
	feedVersion = 2
	// feedRows is how many rows of one statement are sent one by one, feedTold
	// how many notifications one transaction sends. If there are more, a
	// notification says that any row may have changed.
	feedRows = 2000
	feedTold = 400
	// feedPart is how many rows one notification holds: 8,000 bytes are the
	// server's limit.
	feedPart = 40
	// feedDDLWait bounds the wait for a table's lock, because all writers of the
	// table wait meanwhile; feedDDLPause is the pause before the next attempt.
	feedDDLWait  = 100 * time.Millisecond
	feedDDLPause = 200 * time.Millisecond
	// feedLook is the shortest time from one look at what may have committed to the
	// next, while notifications come.
	feedLook = 5 * time.Millisecond
)

// triggerFeed reports the changes of which triggers on the tables notify.
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

func (f *triggerFeed) connect(ctx context.Context, to store.Follower) error {
	h := &hearing{feed: f, to: to}
	cfg := f.store.feedConn.Copy()
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { h.hear(n.Payload) }
	conn, err := connectFeed(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeFeed(conn)
	oids, err := f.install(ctx, conn)
	if err != nil {
		return err
	}
	// Before the channel is read: if it is changed meanwhile, the mark differs.
	_, mark, err := f.ask(ctx, conn, oids)
	if err != nil {
		return err
	}
	if err := listen(ctx, conn); err != nil {
		return err
	}
	if err := f.store.beginFeed(ctx, conn, to); err != nil {
		return err
	}
	// A commit becomes visible a moment before its notification is sent. So an
	// answer confirms only the snapshot of the question before it.
	var asked time.Time
	var at store.Snapshot
	for {
		next := time.Now()
		seen, now, err := f.ask(ctx, conn, oids)
		if err != nil {
			return err
		}
		if now != mark {
			return errors.New("a trigger, or the channel, was changed; a change may have been missed")
		}
		if err := h.tell(ctx, conn, seen); err != nil {
			return err
		}
		if !asked.IsZero() {
			to.Confirmed(asked, at)
		}
		asked, at = next, seen
		if err := h.until(ctx, conn, next.Add(feedInterval)); err != nil {
			return err
		}
	}
}

// listen makes the server pass on the notifications of the triggers. The name
// of the channel is not in the statement, because the server's log and its
// statistics may contain it. Transactions that began before the channel was
// changed notify on the previous one.
func listen(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`DO $do$ DECLARE channel text; BEGIN
		FOR channel IN SELECT unnest(ARRAY[%s, %s]) FROM game.secret WHERE name = 'feed' LOOP
			IF channel IS NOT NULL THEN EXECUTE 'LISTEN ' || channel; END IF;
		END LOOP;
	END $do$`, channelOf("value"), channelOf("previous")))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
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
	ctx, cancel := context.WithTimeout(context.Background(), feedCloseTimeout)
	defer cancel()
	_ = conn.Close(ctx)
}

// ownerReads is the condition that the owner of function p may read the name of
// the channel. The function runs with the rights of its owner.
const ownerReads = `has_schema_privilege(p.proowner, 'game', 'USAGE') AND has_table_privilege(p.proowner, 'game.secret', 'SELECT')`

// stillThere counts the triggers that work on the tables with ids $1, and
// checks that the names $2 still lead to these ids. It also returns marks of
// the triggers and of the channel. A mark differs after any change, even if
// everything looks the same again.
const stillThere = `SELECT pg_current_snapshot()::text, count(*) FILTER (WHERE g.tgenabled IN ('O', 'A') AND ` + ownerReads + `),
	coalesce(string_agg(format('%s %s %s', g.oid, g.xmin, p.xmin), ' ' ORDER BY g.oid), ''),
	(SELECT bool_and(to_regclass(x.name) = x.id::regclass) FROM unnest($1::oid[], $2::text[]) x(id, name)),
	(SELECT xmin::text FROM game.secret WHERE name = 'feed')
FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
WHERE g.tgrelid = ANY($1::oid[]) AND starts_with(g.tgname, '` + feedTrigger + `') AND p.pronamespace = to_regnamespace('` + feedSchema + `')::oid`

// ask reads the server's snapshot, and checks that the triggers exist.
func (f *triggerFeed) ask(ctx context.Context, conn *pgx.Conn, oids []uint32) (at store.Snapshot, mark string, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.store.feedPatience)
	defer cancel()
	var seen string
	var triggers int
	var same *bool
	var channel *string
	if err := conn.QueryRow(ctx, stillThere, oids, f.names()).Scan(&seen, &triggers, &mark, &same, &channel); err != nil {
		return at, "", fmt.Errorf("ask the server: %w", err)
	}
	if same == nil || !*same {
		return at, "", errors.New("a table was replaced by another of its name")
	}
	if channel == nil {
		return at, "", errors.New("game.secret has no row with the name feed: run INSERT INTO game.secret (name) VALUES ('feed')")
	}
	if want := 4 * len(f.tables); triggers != want {
		return at, "", fmt.Errorf("%d of %d triggers are there and enabled", triggers, want)
	}
	at, err = store.ParseSnapshot(seen)
	return at, mark + " " + *channel, err
}

func (f *triggerFeed) names() []string {
	names := make([]string, len(f.tables))
	for i, t := range f.tables {
		names[i] = t.name.Sanitize()
	}
	return names
}
