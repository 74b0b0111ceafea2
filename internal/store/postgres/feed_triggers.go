package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
	// feedRows is how many rows of one statement are told one by one, feedTold
	// how many notifications one transaction sends; of more it is told that any
	// row may have changed.
	feedRows = 2000
	feedTold = 400
	// feedPart is how many rows one notification holds: 8,000 bytes are the
	// server's limit.
	feedPart = 40
	// feedDDLWait bounds the wait for a table's lock, which everybody who writes
	// the table waits for too; feedDDLPause is the pause before the next try.
	feedDDLWait  = 100 * time.Millisecond
	feedDDLPause = 200 * time.Millisecond
	// feedLock is the advisory lock under which triggers are made.
	feedLock int64 = 0x7761797366656564
)

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

func (f *triggerFeed) connect(ctx context.Context, to store.Follower) error {
	var told []store.Change // by notifications that came during a call
	var bad error
	cfg := f.store.feedConn.Copy()
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		changes, err := parseChanges(n.Payload)
		if err != nil {
			bad = err
			return
		}
		told = append(told, changes...)
	}
	conn, err := connectFeed(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeFeed(conn)
	oids, err := f.install(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+feedChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	_, mark, err := f.ask(ctx, conn, oids)
	if err != nil {
		return err
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
		seen, now, err := f.ask(ctx, conn, oids)
		if err != nil {
			return err
		}
		if err := tell(); err != nil {
			return err
		}
		if now != mark {
			return errors.New("a trigger was changed; it may have been off for a moment")
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
// were found on, by their names, $2; and gives their mark, which differs once
// one of them was touched, whatever it looks like now.
const stillThere = `SELECT pg_current_snapshot()::text, count(*) FILTER (WHERE g.tgenabled IN ('O', 'A')),
	coalesce(string_agg(format('%s %s %s', g.oid, g.xmin, p.xmin), ' ' ORDER BY g.oid), ''),
	(SELECT bool_and(to_regclass(x.name) = x.id::regclass) FROM unnest($1::oid[], $2::text[]) x(id, name))
FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
WHERE g.tgrelid = ANY($1::oid[]) AND g.tgname LIKE 'waystone\_feed\_%' AND p.pronamespace = to_regnamespace('` + feedSchema + `')::oid`

// ask has the server say what it sees, and checks that the triggers are there.
func (f *triggerFeed) ask(ctx context.Context, conn *pgx.Conn, oids []uint32) (at store.Snapshot, mark string, err error) {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
	defer cancel()
	var seen string
	var triggers int
	var same *bool
	if err := conn.QueryRow(ctx, stillThere, oids, f.names()).Scan(&seen, &triggers, &mark, &same); err != nil {
		return at, "", fmt.Errorf("ask the server: %w", err)
	}
	if same == nil || !*same {
		return at, "", errors.New("a table was replaced by another of its name")
	}
	if want := 4 * len(f.tables); triggers != want {
		return at, "", fmt.Errorf("%d of %d triggers are there and enabled", triggers, want)
	}
	at, err = store.ParseSnapshot(seen)
	return at, mark, err
}

func (f *triggerFeed) names() []string {
	names := make([]string, len(f.tables))
	for i, t := range f.tables {
		names[i] = t.name.Sanitize()
	}
	return names
}

// notification is what a trigger tells. Its number n is read by nobody.
type notification struct {
	Table string            `json:"t"`
	Xid   string            `json:"x"`
	Rows  []notificationRow `json:"r"`
}

type notificationRow struct {
	Op         string `json:"o"`
	ID         string `json:"i"`
	UserID     string `json:"u"`
	Banned     bool   `json:"b"`
	WasBanned  *bool  `json:"w"`
	EndsAt     *int64 `json:"e"` // milliseconds since 1970: of the ban, or of the session
	Credential *bool  `json:"c"`
}

// parseChanges reads a notification. What cannot be read ends the connection:
// nobody knows what it would have told.
func parseChanges(payload string) ([]store.Change, error) {
	var n notification
	if err := json.Unmarshal([]byte(payload), &n); err != nil {
		return nil, fmt.Errorf("a notification on %s cannot be read: %w", feedChannel, err)
	}
	xid, err := strconv.ParseUint(n.Xid, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a notification on %s has no transaction: %w", feedChannel, err)
	}
	table := map[string]store.Table{
		"user": store.TableUser, "session": store.TableSession, "account": store.TableAccount,
		"character": store.TableCharacter, "item": store.TableCharacter,
	}[n.Table]
	changes := make([]store.Change, len(n.Rows))
	for i, row := range n.Rows {
		changes[i] = row.change(table, xid)
		if n.Table == "item" && changes[i].Op != 0 && changes[i].Op != store.OpMany {
			changes[i].Op = store.OpUpdate // of the character
		}
		if c := changes[i]; table == 0 || c.Op == 0 || c.Op != store.OpMany && c.ID == "" {
			return nil, fmt.Errorf("a notification on %s is of a kind that is not known here", feedChannel)
		}
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("a notification on %s tells nothing", feedChannel)
	}
	return changes, nil
}

// change reads one row; its Op is 0 when it is not known.
func (row notificationRow) change(table store.Table, xid uint64) store.Change {
	op := map[string]store.Op{"insert": store.OpInsert, "update": store.OpUpdate, "delete": store.OpDelete, "many": store.OpMany}[row.Op]
	c := store.Change{Table: table, Op: op, Xid: xid}
	if op == store.OpMany {
		return c
	}
	c.ID, c.UserID = row.ID, row.UserID
	var end time.Time
	if row.EndsAt != nil && op != store.OpDelete {
		end = time.UnixMilli(*row.EndsAt).UTC()
	}
	switch table {
	case store.TableUser:
		c.UserID, c.BanExpiresAt = c.ID, end
		c.Banned, c.WasBanned = row.Banned && op != store.OpDelete, row.WasBanned
	case store.TableSession:
		c.ExpiresAt = end
	case store.TableAccount:
		c.Credential = row.Credential == nil || *row.Credential
	case store.TableCharacter:
	}
	return c
}
