package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// listener is a Follower that writes down what it is told.
type listener struct {
	mu        sync.Mutex
	news      chan struct{} // closed and replaced whenever something is told
	changes   []store.Change
	heard     []bool // Heard of all changes
	origin    string
	resets    int
	lost      []error
	asked     time.Time
	confirmed store.Snapshot
}

func newListener() *listener { return &listener{news: make(chan struct{})} }

func (l *listener) note(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.news)
	l.news = make(chan struct{})
}

func (l *listener) Reset(origin string, at store.Snapshot) {
	l.note(func() { l.resets++; l.origin = origin; l.changes = nil; l.confirmed = at })
}
func (l *listener) Changed(changes []store.Change) {
	l.note(func() {
		for _, c := range changes {
			// How it was learned is the same for all that a feed tells.
			l.heard = append(l.heard, c.Heard)
			c.Heard = false
			l.changes = append(l.changes, c)
		}
	})
}
func (l *listener) Confirmed(asked time.Time, at store.Snapshot) {
	l.note(func() { l.asked, l.confirmed = asked, at })
}
func (l *listener) Lost(cause error) { l.note(func() { l.lost = append(l.lost, cause) }) }

// await waits until ok says so of what was told.
func (l *listener) await(t testing.TB, what string, ok func(l *listener) bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		l.mu.Lock()
		good, news := ok(l), l.news
		l.mu.Unlock()
		if good {
			return
		}
		select {
		case <-news:
		case <-deadline:
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Fatalf("%s: not within a minute; told %+v, lost %v", what, l.changes, l.lost)
		}
	}
}

// confirm waits for a confirmation asked for after now.
func (l *listener) confirm(t testing.TB) {
	t.Helper()
	now := time.Now()
	l.await(t, "a confirmation", func(l *listener) bool { return l.asked.After(now) })
}

// take returns what was told up to now, and forgets it.
func (l *listener) take(t testing.TB) []store.Change {
	t.Helper()
	l.confirm(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	changes := l.changes
	l.changes = nil
	return changes
}

// follow follows the feed of a store until the test ends.
func follow(t testing.TB, s *postgres.Store) *listener {
	t.Helper()
	l := newListener()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Feed().Follow(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil && !t.Failed() {
				t.Errorf("follow: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the feed does not end with its context")
		}
	})
	l.await(t, "the beginning", func(l *listener) bool { return l.resets > 0 })
	return l
}

// feedBench is a database with fixtures, a store and its feed.
type feedBench struct {
	*listener
	pg    *testenv.PG
	db    *sql.DB
	store *postgres.Store
}

func setupFeed(t testing.TB, mode postgres.FeedMode) feedBench {
	t.Helper()
	pg := migrated(t)
	b := feedBench{pg: pg, db: openSQL(t, pg.URL())}
	(&storetest.SQLWebsite{DB: b.db, Engine: "postgres"}).FillTables(t)
	b.store = open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode})
	b.listener = follow(t, b.store)
	return b
}

// xid runs statements in one transaction and returns its id.
func (b feedBench) xid(t testing.TB, statements ...string) (xid uint64) {
	t.Helper()
	tx, err := b.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := tx.QueryRowContext(t.Context(), `SELECT pg_current_xact_id()::text::bigint`).Scan(&xid); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return xid
}

func no() *bool  { v := false; return &v }
func yes() *bool { v := true; return &v }

// insertCharacter is a character as another replica would make it.
const insertCharacter = `INSERT INTO game.character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone,
	job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points, stamina,
	money, version, create_key, created_at, updated_at)
	SELECT 'u9', 'N' || i, 'n' || i, i, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, i::text, now(), now()
	FROM generate_series(0, 1) i`

// bothModes runs a test with each way to learn what changes.
func bothModes(t *testing.T, f func(t *testing.T, mode postgres.FeedMode)) {
	t.Helper()
	for _, mode := range []postgres.FeedMode{postgres.FeedTriggers, postgres.FeedReplication} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f(t, mode)
		})
	}
}

// toldBy is a change as a mode tells it: the log holds nothing of a row as it
// was but its key.
func toldBy(mode postgres.FeedMode, c store.Change) store.Change {
	if mode == postgres.FeedReplication {
		c.WasBanned = nil
		if c.Op == store.OpDelete && c.Table != store.TableUser && c.Table != store.TableCharacter {
			c.UserID = ""
		}
		if c.Op == store.OpDelete && c.Table == store.TableAccount {
			c.Credential = true // it may have been one
		}
	}
	return c
}

// insertItem gives the first character a stack.
const insertItem = `INSERT INTO game.item (character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade)
	VALUES (1, 12, 10, 1, 1, false, 0, 0, 0, false, false, 0)`

func TestTheFeedTellsEveryChange(t *testing.T) {
	t.Parallel()
	bothModes(t, tellsEveryChange)
}

func tellsEveryChange(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
	b := setupFeed(t, mode)
	end := time.Date(2030, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for _, tt := range []struct {
		name       string
		statements []string
		want       []store.Change
	}{
		{
			"a user appears", []string{`INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('u9', 'Nine', 'nine@example.com', true)`},
			[]store.Change{{Table: store.TableUser, Op: store.OpInsert, ID: "u9", UserID: "u9"}},
		},
		{
			"is banned", []string{`UPDATE "user" SET banned = true, "banExpires" = '2030-01-02 03:04:05.678Z' WHERE id = 'u9'`},
			[]store.Change{{Table: store.TableUser, Op: store.OpUpdate, ID: "u9", UserID: "u9", Banned: true, BanExpiresAt: end, WasBanned: no()}},
		},
		{
			"is let in again", []string{`UPDATE "user" SET banned = false, "banExpires" = NULL WHERE id = 'u9'`},
			[]store.Change{{Table: store.TableUser, Op: store.OpUpdate, ID: "u9", UserID: "u9", WasBanned: yes()}},
		},
		{
			"signs in", []string{`INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('s9', 'canary-token', 'u9', '2030-01-02 03:04:05.678Z', now())`},
			[]store.Change{{Table: store.TableSession, Op: store.OpInsert, ID: "s9", UserID: "u9", ExpiresAt: end}},
		},
		{
			"has accounts", []string{
				`INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt") VALUES ('a9', 'u9', 'credential', 'u9', 'canary-password', now())`,
				`INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt") VALUES ('a10', 'x', 'github', 'u9', now())`,
			},
			[]store.Change{
				{Table: store.TableAccount, Op: store.OpInsert, ID: "a9", UserID: "u9", Credential: true},
				{Table: store.TableAccount, Op: store.OpInsert, ID: "a10", UserID: "u9"},
			},
		},
		{
			"changes the password", []string{`UPDATE account SET password = 'canary' WHERE id = 'a9'`},
			[]store.Change{{Table: store.TableAccount, Op: store.OpUpdate, ID: "a9", UserID: "u9", Credential: true}},
		},
		{
			"has characters", []string{insertCharacter},
			[]store.Change{
				{Table: store.TableCharacter, Op: store.OpInsert, ID: "1", UserID: "u9"},
				{Table: store.TableCharacter, Op: store.OpInsert, ID: "2", UserID: "u9"},
			},
		},
		{
			"gets an item", []string{insertItem, `UPDATE game.item SET quantity = 2`},
			[]store.Change{{Table: store.TableCharacter, Op: store.OpUpdate, ID: "1"}, {Table: store.TableCharacter, Op: store.OpUpdate, ID: "1"}},
		},
		{
			"loses it", []string{`DELETE FROM game.item`},
			[]store.Change{{Table: store.TableCharacter, Op: store.OpUpdate, ID: "1"}},
		},
		{
			"one of which goes", []string{`UPDATE game.character SET level = 2, version = 2 WHERE id = 2`, `DELETE FROM game.character WHERE id = 2`},
			[]store.Change{
				{Table: store.TableCharacter, Op: store.OpUpdate, ID: "2", UserID: "u9"},
				{Table: store.TableCharacter, Op: store.OpDelete, ID: "2", UserID: "u9"},
			},
		},
		{"nothing is changed", []string{`UPDATE "user" SET name = 'x' WHERE id = 'nobody'`, `DELETE FROM session WHERE false`}, nil},
	} {
		xid := b.xid(t, tt.statements...)
		for i := range tt.want {
			tt.want[i].Xid = xid
			tt.want[i] = toldBy(mode, tt.want[i])
		}
		if d := cmp.Diff(tt.want, b.take(t)); d != "" {
			t.Errorf("%s (-want +told):\n%s", tt.name, d)
		}
	}
	b.mu.Lock()
	if slices.Contains(b.heard, mode == postgres.FeedReplication) {
		t.Errorf("what notifications tell is only heard, and what the log tells is known: got %v", b.heard)
	}
	b.mu.Unlock()
	t.Run("deletion takes everything along", func(t *testing.T) {
		xid := b.xid(t, `DELETE FROM "user" WHERE id = 'u9'`)
		told := map[store.Table]int{}
		for _, c := range b.take(t) {
			if c.Op != store.OpDelete || c.UserID != toldBy(mode, store.Change{Table: c.Table, Op: store.OpDelete, UserID: "u9"}).UserID || c.Xid != xid {
				t.Errorf("told %+v", c)
			}
			told[c.Table]++
		}
		if d := cmp.Diff(map[store.Table]int{store.TableUser: 1, store.TableSession: 1, store.TableAccount: 2}, told); d != "" {
			t.Error(d)
		}
	})
	t.Run("what is rolled back is not told", func(t *testing.T) {
		tx, err := b.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `UPDATE "user" SET name = 'x'`); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if told := b.take(t); len(told) != 0 {
			t.Errorf("told %+v", told)
		}
	})
}

func TestTheFeedTellsOfManyRowsAtOnce(t *testing.T) {
	t.Parallel()
	bothModes(t, tellsOfManyRows)
}

func tellsOfManyRows(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
	b := setupFeed(t, mode)
	for _, tt := range []struct {
		statement string
		table     store.Table
	}{
		{`INSERT INTO "user" (id, name, email, "emailVerified") SELECT 'm' || i, 'M', 'm' || i || '@example.com', true FROM generate_series(1, 5000) i`, store.TableUser},
		{`UPDATE "user" SET name = 'N' WHERE id LIKE 'm%'`, store.TableUser},
		{`DELETE FROM "user" WHERE id LIKE 'm%'`, store.TableUser},
		{`TRUNCATE session`, store.TableSession},
	} {
		xid := b.xid(t, tt.statement)
		if d := cmp.Diff([]store.Change{{Table: tt.table, Op: store.OpMany, Xid: xid}}, b.take(t)); d != "" {
			t.Errorf("%s (-want +told):\n%s", tt.statement, d)
		}
	}
}

// The website does not feel the feed, even when its function cannot work.
func TestAFeedThatFailsDoesNotFailTheWebsite(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	b.pg.Exec(t, `ALTER TABLE "user" RENAME COLUMN banned TO barred`)
	xid := b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user")`)
	if d := cmp.Diff([]store.Change{{Table: store.TableUser, Op: store.OpMany, Xid: xid}}, b.take(t)); d != "" {
		t.Errorf("(-want +told):\n%s", d)
	}
}

func TestAFeedThatIsTakenAwayIsNoticed(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]struct {
		mode postgres.FeedMode
		sql  string
	}{
		"a trigger is dropped":            {postgres.FeedTriggers, `DROP TRIGGER waystone_tell_update ON session`},
		"a trigger is disabled":           {postgres.FeedTriggers, `ALTER TABLE "user" DISABLE TRIGGER waystone_tell_update`},
		"a table is made anew":            {postgres.FeedTriggers, remakeSession},
		"all is removed":                  {postgres.FeedTriggers, `DROP SCHEMA game_feed CASCADE`},
		"a published table is made anew":  {postgres.FeedReplication, remakeSession},
		"a table leaves the publication":  {postgres.FeedReplication, `ALTER PUBLICATION waystone_feed DROP TABLE session`},
		"the publication is dropped":      {postgres.FeedReplication, `DROP PUBLICATION waystone_feed`},
		"a column leaves the publication": {postgres.FeedReplication, `ALTER PUBLICATION waystone_feed SET TABLE session (id), "user" (id), account (id), game.character (id, user_id), game.item (id, character_id)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupFeed(t, harm.mode)
			b.pg.Exec(t, harm.sql)
			b.await(t, "the loss and a new beginning", func(l *listener) bool { return len(l.lost) > 0 && l.resets > 1 })
			b.take(t)
			user := `(SELECT min(id) FROM "user")`
			xid := b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = `+user,
				`INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('s9', 't9', `+user+`, now(), now())`,
				`UPDATE session SET "userAgent" = 'x' WHERE id = 's9'`)
			told := b.take(t)
			if len(told) != 3 || told[0].Xid != xid || told[2].Op != store.OpUpdate || told[2].ID != "s9" || told[2].UserID == "" {
				t.Errorf("told %+v", told)
			}
		})
	}
}

const remakeSession = `ALTER TABLE session RENAME TO old_session; CREATE TABLE session (LIKE old_session INCLUDING ALL); DROP TABLE old_session`

func TestTheFeedComesBack(t *testing.T) {
	t.Parallel()
	bothModes(t, comesBack)
}

func comesBack(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
	pg := testenv.OwnPostgres(t)
	db := openSQL(t, pg.URL())
	(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).LoadFixtures(t)
	b := feedBench{pg: &pg.PG, db: db, store: open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode, FeedPatience: 3 * time.Second})}
	b.listener = follow(t, b.store)
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"its connection is ended", func() {
			pg.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'waystone feed%'`)
		}},
		{"the server stands still and goes on", func() {
			b.mu.Lock()
			lost := len(b.lost)
			b.mu.Unlock()
			pg.Freeze(t)
			b.await(t, "the loss", func(l *listener) bool { return len(l.lost) > lost })
			pg.Thaw(t)
		}},
		{"the server is killed", func() { pg.Kill(t); pg.Start(t) }},
	} {
		b.mu.Lock()
		resets := b.resets
		b.mu.Unlock()
		step.do()
		b.await(t, step.name, func(l *listener) bool { return l.resets > resets })
		// Whatever was written meanwhile is seen by the snapshot of the beginning,
		// and whatever comes now is told.
		b.take(t)
		xid := uint64(0)
		eventually(t, "the website writes", func() error {
			return db.QueryRowContext(t.Context(), `WITH u AS (UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user") RETURNING 1)
				SELECT pg_current_xact_id()::text::bigint FROM u`).Scan(&xid)
		})
		if told := b.take(t); len(told) != 1 || told[0].Xid != xid {
			t.Errorf("%s: told %+v, want one change of %d", step.name, told, xid)
		}
	}
}

func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func TestManyReplicasMakeOneFeed(t *testing.T) {
	t.Parallel()
	bothModes(t, manyReplicas)
}

func manyReplicas(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
	pg := migrated(t)
	db := openSQL(t, pg.URL())
	(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).FillTables(t)
	open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	listeners := make([]*listener, 5)
	var starting sync.WaitGroup
	for i := range listeners {
		s := open(t, postgres.Config{URL: pg.URL(), Feed: mode})
		starting.Go(func() { listeners[i] = follow(t, s) })
	}
	starting.Wait()
	b := feedBench{pg: pg, db: db}
	xid := b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user")`)
	for i, l := range listeners {
		if told := l.take(t); len(told) != 1 || told[0].Xid != xid {
			t.Errorf("replica %d was told %+v", i, told)
		}
		if len(l.lost) > 0 {
			t.Errorf("replica %d lost its feed: %v", i, l.lost)
		}
		if l.origin == "" || l.origin != listeners[0].origin {
			t.Errorf("replica %d has origin %q, the first %q", i, l.origin, listeners[0].origin)
		}
	}
}

// A role that may not make triggers is told what to do; once the owner has done
// it, the feed works for it.
func TestARoleThatMayNotMakeTheFeed(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	db := openSQL(t, pg.URL())
	(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).FillTables(t)
	owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	role, url := pg.Role(t)
	pg.Exec(t, fmt.Sprintf(`GRANT USAGE ON SCHEMA public, game TO %[1]s;
		GRANT SELECT ON "user", session TO %[1]s;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO %[1]s`, role))
	s := open(t, postgres.Config{URL: url})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Feed().Follow(ctx, newListener())
	cancel()
	if err == nil || !strings.Contains(err.Error(), "waystone db migrate") || errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want what to run", err)
	}
	if err := owner.MakeFeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := feedBench{pg: pg, db: db, listener: follow(t, s)}
	xid := b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user")`)
	if told := b.take(t); len(told) != 1 || told[0].Xid != xid {
		t.Errorf("told %+v", told)
	}
}

func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	rows, err := b.db.QueryContext(t.Context(), `SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'game_feed'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var def string
		if err := rows.Scan(&def); err != nil {
			t.Fatal(err)
		}
		n++
		for _, secret := range []string{"token", "password", "email", "to_json(", "to_jsonb"} {
			if strings.Contains(def, secret) {
				t.Errorf("a function of the feed speaks of %s:\n%s", secret, def)
			}
		}
	}
	if err := rows.Err(); err != nil || n != 5 {
		t.Errorf("%d functions, %v", n, err)
	}
}

// A commit that waits for a standby is in the log, and told, before anybody can
// see it.
func TestAnEventMayComeBeforeItsCommitIsVisible(t *testing.T) {
	t.Parallel()
	// Who asks for more than the local disk waits for a standby that is not there.
	pg := testenv.OwnPostgres(t, "synchronous_standby_names=nobody", "synchronous_commit=local")
	b := feedBench{pg: &pg.PG, db: openSQL(t, pg.URL())}
	(&storetest.SQLWebsite{DB: b.db, Engine: "postgres"}).LoadFixtures(t)
	b.store = open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: postgres.FeedReplication})
	b.listener = follow(t, b.store)
	var id string
	if err := b.db.QueryRowContext(t.Context(), `SELECT min(id) FROM "user"`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	b.take(t)
	committed := make(chan error, 1)
	go func() {
		_, err := b.db.ExecContext(context.Background(), `SET synchronous_commit = on; UPDATE "user" SET name = 'early' WHERE id = '`+id+`'`)
		committed <- err
	}()
	b.await(t, "the event", func(l *listener) bool { return len(l.changes) > 0 })
	b.confirm(t) // the feed goes on, and its snapshot does not see the change either
	b.mu.Lock()
	change, confirmed := b.changes[0], b.confirmed
	b.mu.Unlock()
	u, at, err := b.store.ReadUser(t.Context(), store.ByID, id)
	if err != nil {
		t.Fatal(err)
	}
	if change.ID != id || u.Name == "early" || at.Sees(change.Xid) || confirmed.Sees(change.Xid) {
		t.Errorf("told %+v; read %q under %s, confirmed %s: the test has not provoked what it is about", change, u.Name, at, confirmed)
	}
	pg.Exec(t, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	u, at, err = b.store.ReadUser(t.Context(), store.ByID, id)
	if err != nil || u.Name != "early" || !at.Sees(change.Xid) {
		t.Errorf("after the commit: read %q under %s, %v", u.Name, at, err)
	}
}

// Nobody waits for the disk, and still the feed keeps up.
func TestTheFeedKeepsUpWithCommitsThatAreNotOnDisk(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		xid := b.xid(t, `SET LOCAL synchronous_commit = off`, `UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user")`)
		if told := b.take(t); len(told) != 1 || told[0].Xid != xid {
			t.Errorf("told %+v", told)
		}
	})
}
