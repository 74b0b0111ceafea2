package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// notification is what a trigger sends. Its field n, which makes it unique, is
// not read.
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

// hearing passes the notifications of a connection on to the follower.
type hearing struct {
	feed *triggerFeed
	to   store.Follower
	// heard are changes that have not been passed on yet: it is not known who sent
	// them, and whether their transactions have committed.
	heard  []store.Change
	looked time.Time // when the server was last asked what has committed
}

// hear receives a notification. It may be called during a query.
func (h *hearing) hear(payload string) {
	changes, err := parseChanges(payload)
	if err != nil {
		h.feed.store.refused.note(refusedUnreadable, err)
		return
	}
	h.heard = append(h.heard, changes...)
}

// tell passes on the heard changes in their order, without those whose
// transaction has not ended: the server sends notifications only after their
// commits, so those are not from our triggers. For changes that came after at
// was taken, a newer snapshot is read.
func (h *hearing) tell(ctx context.Context, conn *pgx.Conn, at store.Snapshot) error {
	n := len(h.heard)
	if slices.ContainsFunc(h.heard, func(c store.Change) bool { return c.Xid >= at.Xmax }) {
		var err error
		if at, err = h.look(ctx, conn); err != nil {
			return err
		}
	}
	changes := slices.Clone(h.heard[:n])
	h.heard = slices.Delete(h.heard, 0, n)
	changes = slices.DeleteFunc(changes, func(c store.Change) bool {
		ahead := c.Xid >= at.Xmax
		if ahead {
			h.feed.store.refused.note(refusedFuture, fmt.Errorf("a notification tells of transaction %d, and none from %d on has ended", c.Xid, at.Xmax))
		}
		return ahead
	})
	if len(changes) > 0 {
		h.to.Changed(changes)
	}
	return nil
}

// look asks the server which transactions have ended.
func (h *hearing) look(ctx context.Context, conn *pgx.Conn) (at store.Snapshot, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.feed.store.feedPatience)
	defer cancel()
	h.looked = time.Now()
	var seen string
	if err := conn.QueryRow(ctx, `SELECT pg_current_snapshot()::text`).Scan(&seen); err != nil {
		return at, fmt.Errorf("ask the server: %w", err)
	}
	return store.ParseSnapshot(seen)
}

// until passes on changes until the time end, at most once in feedLook.
func (h *hearing) until(ctx context.Context, conn *pgx.Conn, end time.Time) error {
	for {
		due := end
		if len(h.heard) > 0 {
			if due = h.looked.Add(feedLook); due.After(end) {
				due = end
			}
		}
		err := waitNotification(ctx, conn, due)
		switch {
		case err == nil && (len(h.heard) == 0 || time.Since(h.looked) < feedLook):
			continue
		case err != nil && !errors.Is(err, errInterval):
			return err
		case err != nil && due.Equal(end):
			return nil
		}
		if err := h.tell(ctx, conn, store.Snapshot{}); err != nil {
			return err
		}
	}
}

// parseChanges reads a notification. The functions of a newer binary may send
// something unknown: then any row may have changed.
func parseChanges(payload string) ([]store.Change, error) {
	var n notification
	if err := json.Unmarshal([]byte(payload), &n); err != nil {
		return nil, fmt.Errorf("a notification cannot be read: %w", err)
	}
	xid, err := strconv.ParseUint(n.Xid, 10, 64)
	if err != nil || xid == 0 {
		return nil, errors.New("a notification names no transaction")
	}
	table := map[string]store.Table{
		"user": store.TableUser, "session": store.TableSession, "account": store.TableAccount,
		"character": store.TableCharacter, "item": store.TableCharacter,
	}[n.Table]
	if table == 0 || len(n.Rows) == 0 {
		return nil, errors.New("a notification tells of no table that is known here")
	}
	changes := make([]store.Change, len(n.Rows))
	for i, row := range n.Rows {
		c := row.change(table, xid)
		if n.Table == "item" && c.Op != 0 && c.Op != store.OpMany {
			c.Op = store.OpUpdate // of the character
		}
		if c.Op == 0 || c.Op != store.OpMany && c.ID == "" {
			c = store.Change{Table: table, Op: store.OpMany, Xid: xid}
		}
		c.Heard = true
		changes[i] = c
	}
	return changes, nil
}

// change reads one row. Its Op is 0 if the operation is not known.
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
