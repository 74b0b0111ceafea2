package failure

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// answered is the outcome of a call that has its answer.
const answered = "ok"

// fault is one column of the table.
type fault struct {
	name string
	// begin returns when the fault is there.
	begin func(s *subject)
	// during, if there is one, happens while the calls are under way.
	during func(s *subject)
	// end returns when the fault is not there any more.
	end func(s *subject)
	// clear, if there is one, takes away what the fault has left at the servers.
	clear func(s *subject)
	// held is how many calls the fault itself keeps under way.
	held int64
	// allowed are the outcomes of a call.
	allowed func(kind) []string
}

func outcomes(kinds ...errs.Kind) []string {
	var list []string
	for _, k := range kinds {
		list = append(list, k.String())
	}
	return list
}

// The rules of the classes of faults.
func alwaysAnswered(kind) []string { return []string{answered} }

// may is for what is over in a moment: a call has luck, or not.
func may(kind) []string {
	return append(outcomes(errs.Unavailable, errs.DeadlineExceeded), answered)
}

// withoutDatabase is for when nothing comes from the database.
func withoutDatabase(k kind) []string {
	if k == needsRead || k == needsWrite {
		return outcomes(errs.Unavailable, errs.DeadlineExceeded)
	}
	return may(k)
}

func readOnly(k kind) []string {
	if k == needsWrite {
		return outcomes(errs.Unavailable)
	}
	return []string{answered}
}

func withoutCaller(k kind) []string {
	if k == needsRead || k == needsWrite {
		return outcomes(errs.Canceled)
	}
	return append(outcomes(errs.Canceled), answered)
}

func redisFaults() []fault {
	heal := func(s *subject) { s.cache.Heal(s.t) }
	return []fault{
		{
			name: "killed", allowed: alwaysAnswered,
			begin: func(s *subject) { s.redis.Kill(s.t) },
			end:   func(s *subject) { s.redis.Start(s.t) },
		},
		{
			name: "frozen", allowed: alwaysAnswered,
			begin: func(s *subject) { s.redis.Freeze(s.t) },
			end:   func(s *subject) { s.redis.Thaw(s.t) },
		},
		{
			name: "2 s slow", allowed: alwaysAnswered, end: heal,
			begin: func(s *subject) { s.cache.Slow(s.t, 2*time.Second) },
		},
		{
			name: "black-holed", allowed: alwaysAnswered, end: heal,
			begin: func(s *subject) { s.cache.Blackhole(s.t) },
		},
		{
			name: "flushed", allowed: alwaysAnswered, end: heal,
			begin: func(s *subject) {
				s.redisDo(s.t, func(ctx context.Context, c rueidis.Client) { c.Do(ctx, c.B().Flushall().Build()) })
			},
		},
		{name: "garbage in it", allowed: alwaysAnswered, end: heal, begin: spoil},
		{
			name: "restarted", allowed: alwaysAnswered, end: heal,
			begin: func(s *subject) {
				s.redis.Kill(s.t)
				s.redis.Start(s.t)
			},
		},
	}
}

// spoil puts text that means nothing, and things of another type, in place of
// every value in turn.
func spoil(s *subject) {
	t := s.t
	t.Helper()
	s.redisDo(t, func(ctx context.Context, c rueidis.Client) {
		keys, err := c.Do(ctx, c.B().Keys().Pattern("*").Build()).AsStrSlice()
		if err != nil || len(keys) == 0 {
			t.Fatalf("%d keys in redis, %v", len(keys), err)
		}
		slices.Sort(keys)
		for i, key := range keys {
			err := c.Do(ctx, c.B().Del().Key(key).Build()).Error()
			if err == nil && i%2 == 0 {
				err = c.Do(ctx, c.B().Set().Key(key).Value("garbage").Build()).Error()
			} else if err == nil {
				err = c.Do(ctx, c.B().Rpush().Key(key).Element("garbage").Build()).Error()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func postgresFaults() []fault {
	heal := func(s *subject) { s.postgres.Heal(s.t) }
	var hogs hogs
	return []fault{
		{
			name: "killed", allowed: withoutDatabase,
			begin: func(s *subject) { s.pg.Kill(s.t) },
			end:   func(s *subject) { s.pg.Start(s.t) },
		},
		{
			name: "restarted", allowed: may, end: heal,
			begin: func(s *subject) {
				s.pg.Kill(s.t)
				s.pg.Start(s.t)
			},
		},
		{
			name: "frozen", allowed: withoutDatabase,
			begin: func(s *subject) { s.pg.Freeze(s.t) },
			end:   func(s *subject) { s.pg.Thaw(s.t) },
		},
		{
			name: "black-holed", allowed: withoutDatabase, end: heal,
			begin: func(s *subject) { s.postgres.Blackhole(s.t) },
		},
		{
			// Every connection there was is dead from here on, and nobody says so.
			name: "connections lost", allowed: may,
			begin: func(s *subject) {
				fillPool(s)
				s.gate.lose()
			},
			end:   func(*subject) {},
			clear: func(s *subject) { s.gate.forget() },
		},
		{name: "pool exhausted", held: maxConns, allowed: withoutDatabase, begin: hogs.begin, end: hogs.end},
		{
			name: "read-only", allowed: readOnly,
			begin: func(s *subject) { setReadOnly(s, "on") },
			end:   func(s *subject) { setReadOnly(s, "off") },
		},
	}
}

// setReadOnly changes the server's setting and waits for it: sessions that are
// there heed it with their next statement once new ones have it.
func setReadOnly(s *subject, value string) {
	t := s.t
	t.Helper()
	s.exec(t, `ALTER SYSTEM SET default_transaction_read_only = `+value)
	s.exec(t, `SELECT pg_reload_conf()`)
	if !eventually(patience, func() bool {
		conn, err := pgx.Connect(t.Context(), s.pg.URL())
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		var got string
		err = conn.QueryRow(t.Context(), `SHOW default_transaction_read_only`).Scan(&got)
		return err == nil && got == value
	}) {
		t.Fatal("the server does not read its settings anew")
	}
}

// hogs are callers that hold every connection of the pool.
type hogs struct {
	calls  sync.WaitGroup
	cancel context.CancelFunc
	lock   *sql.Tx
}

func (h *hogs) begin(s *subject) {
	t := s.t
	t.Helper()
	id := s.addCharacter(t, "hog", "Hog")
	h.lock = lock(s, `SELECT 1 FROM game.character WHERE id = $1 FOR UPDATE`, int64(id))
	var ctx context.Context
	ctx, h.cancel = context.WithTimeout(t.Context(), patience)
	for range maxConns {
		h.calls.Go(func() {
			_, err := s.db().SaveCharacters(ctx, []store.CharacterSave{{ID: id, Version: 1, Key: "hog", State: state(2)}})
			if err != nil {
				t.Errorf("a call that has a connection: %v", err)
			}
		})
	}
	awaitBlocked(s, maxConns)
}

func (h *hogs) end(s *subject) {
	s.t.Helper()
	unlock(s.t, h.lock)
	h.calls.Wait()
	h.cancel()
}

// fillPool has every connection of the pool made.
func fillPool(s *subject) {
	s.t.Helper()
	held := lock(s, lockAll)
	var calls sync.WaitGroup
	for i := range maxConns {
		calls.Go(func() {
			if _, err := s.db().GetUser(s.t.Context(), strconv.Itoa(i), store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
				s.t.Errorf("a user who is not there: %v", err)
			}
		})
	}
	awaitBlocked(s, maxConns)
	unlock(s.t, held)
	calls.Wait()
}

// lock runs a statement in a transaction that stays open.
func lock(s *subject, query string, args ...any) *sql.Tx {
	t := s.t
	t.Helper()
	tx, err := s.site.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
	return tx
}

func unlock(t *testing.T, tx *sql.Tx) {
	t.Helper()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}

// lockAll keeps every statement on the tables waiting.
const lockAll = `LOCK TABLE "user", session, game.character, game.account, game.ticket, game.play, game.attempt IN ACCESS EXCLUSIVE MODE`

// awaitBlocked waits until n statements of the pool wait for a lock.
func awaitBlocked(s *subject, n int) {
	t := s.t
	t.Helper()
	var got int
	if !eventually(patience, func() bool {
		err := s.one(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waystone' AND wait_event_type = 'Lock'`, nil, &got)
		return err == nil && got >= n
	}) {
		t.Fatalf("%d statements wait for a lock, not %d", got, n)
	}
}

// callerFault is that of a caller who goes away while all calls are under way.
func callerFault() fault {
	var held *sql.Tx
	return fault{
		name: "client gone", allowed: withoutCaller,
		begin: func(s *subject) { held = lock(s, lockAll) },
		during: func(s *subject) {
			awaitBlocked(s, maxConns)
			_ = s.conn.Close()
		},
		end: func(s *subject) {
			unlock(s.t, held)
			s.conn = s.dial()
		},
	}
}

// serviceFault is that of the service itself.
func serviceFault() fault {
	var held *sql.Tx
	return fault{
		name: "service killed", allowed: withoutDatabase,
		begin: func(s *subject) { held = lock(s, lockAll) },
		during: func(s *subject) {
			awaitBlocked(s, maxConns)
			s.process.kill()
		},
		end: func(s *subject) {
			unlock(s.t, held)
			s.process.start(s.t)
		},
	}
}
