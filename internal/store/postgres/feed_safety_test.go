package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// one returns the text that an SQL expression gives.
func (b feedBench) one(t testing.TB, expression string) (text string) {
	t.Helper()
	if err := b.db.QueryRowContext(t.Context(), "SELECT ("+expression+")::text").Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func copyIn(t testing.TB, url, sql, rows string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(rows), sql); err != nil {
		t.Fatal(err)
	}
}

// site is a database with fixtures and our tables, and no feed yet.
func site(t testing.TB, pg *testenv.PG) feedBench {
	t.Helper()
	b := feedBench{pg: pg, db: openSQL(t, pg.URL())}
	(&storetest.SQLWebsite{DB: b.db, Engine: "postgres"}).LoadFixtures(t)
	return b
}

// filled is site on a database that has our schema already.
func filled(t testing.TB) feedBench {
	t.Helper()
	pg := migrated(t)
	b := feedBench{pg: pg, db: openSQL(t, pg.URL())}
	(&storetest.SQLWebsite{DB: b.db, Engine: "postgres"}).FillTables(t)
	return b
}

// final is the error with which a feed gives up.
func final(t testing.TB, s *postgres.Store) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Feed().Follow(ctx, newListener())
	if err == nil {
		t.Fatal("the feed does not give up")
	}
	return err
}

// The server refuses every UPDATE of a table that is published without what
// identifies its rows.
func TestThePublicationNeverBreaksTheWebsite(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"all columns identify":  `ALTER TABLE session REPLICA IDENTITY FULL`,
		"nothing identifies":    `ALTER TABLE session REPLICA IDENTITY NOTHING`,
		"another key":           `ALTER TABLE session REPLICA IDENTITY USING INDEX session_token_key`,
		"no primary key":        `ALTER TABLE session DROP CONSTRAINT session_pkey`,
		"a key of more columns": `ALTER TABLE session DROP CONSTRAINT session_pkey, ADD PRIMARY KEY (id, token)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := filled(t)
			b.pg.Exec(t, sql)
			forced := open(t, postgres.Config{URL: b.pg.URL(), Migrate: true, Feed: postgres.FeedReplication})
			for _, err := range []error{final(t, forced), forced.RequireFeed(t.Context()), forced.MakeFeed(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), `to publish "public"."session" would break`) {
					t.Errorf("got %v, want which table and why", err)
				}
			}
			auto := open(t, postgres.Config{URL: b.pg.URL()})
			if err := auto.MakeFeed(t.Context()); err != nil {
				t.Error(err)
			}
			b.listener = follow(t, auto)
			b.xid(t, `UPDATE session SET "userAgent" = 'x' WHERE id = (SELECT min(id) FROM session)`)
			if told := b.take(t); len(told) != 1 || told[0].Op != store.OpUpdate {
				t.Errorf("told %+v", told)
			}
		})
	}
}

func TestWhatWasOffForAMomentIsNoticed(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]struct {
		mode postgres.FeedMode
		sql  string
	}{
		"a trigger": {postgres.FeedTriggers, `BEGIN; ALTER TABLE "user" DISABLE TRIGGER waystone_tell_update;
			UPDATE "user" SET name = 'unseen'; ALTER TABLE "user" ENABLE TRIGGER waystone_tell_update; COMMIT`},
		"a published table": {postgres.FeedReplication, `BEGIN; ALTER PUBLICATION waystone_feed DROP TABLE "user";
			UPDATE "user" SET name = 'unseen'; ALTER PUBLICATION waystone_feed ADD TABLE "user" (id, banned, "banExpires"); COMMIT`},
		"a kind of change": {postgres.FeedReplication, `ALTER PUBLICATION waystone_feed SET (publish = 'insert')`},
		"some rows":        {postgres.FeedReplication, `ALTER PUBLICATION waystone_feed SET TABLE session (id, "userId", "expiresAt"), account (id, "userId", "providerId"), game.character (id, user_id), game.item (character_id, id), "user" (id, banned, "banExpires") WHERE (id <> 'x')`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupFeed(t, harm.mode)
			b.pg.Exec(t, harm.sql)
			b.await(t, "the loss and a new beginning", func(l *listener) bool { return len(l.lost) > 0 && l.resets > 1 })
			b.take(t)
			b.xid(t, `UPDATE "user" SET name = 'seen' WHERE id = `+anyUser)
			if told := b.take(t); len(told) != 1 {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// A table whose lock somebody holds is not kept from those who write it.
func TestMakingTriggersKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	b := filled(t)
	s := open(t, postgres.Config{URL: b.pg.URL(), Migrate: true, Feed: postgres.FeedTriggers})
	tx, err := b.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `UPDATE session SET "userAgent" = 'x'`); err != nil {
		t.Fatal(err)
	}
	l, end := start(t, s)
	// The feed waits for the table now and then; in between it is free.
	eventually(t, "the feed asks for the lock", func() error {
		var waits bool
		err := b.db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'session'::regclass)`).Scan(&waits)
		if err == nil && !waits {
			err = errors.New("it does not wait")
		}
		return err
	})
	for range 10 {
		bounded, cancel := context.WithTimeout(t.Context(), time.Second)
		for _, sql := range []string{
			`INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") SELECT gen_random_uuid(), gen_random_uuid(), ` + anyUser + `, now(), now()`,
			`UPDATE "user" SET name = 'x' WHERE id = ` + anyUser,
		} {
			if _, err := b.db.ExecContext(bounded, sql); err != nil {
				t.Errorf("the website waits: %v", err)
			}
		}
		cancel()
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	l.await(t, "the beginning", func(l *listener) bool { return l.resets > 0 })
	if err := end(); err != nil {
		t.Error(err)
	}
}

// What a role without rights is told to have run is all that is missing.
func TestTheSQLThatIsNamedIsEnough(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := filled(t)
		pg := b.pg
		open(t, postgres.Config{URL: pg.URL(), Migrate: true})
		role, url := pg.Role(t)
		// A role that owns triggers on the tables of others cannot be dropped.
		t.Cleanup(func() { pg.Exec(t, `DROP SCHEMA IF EXISTS game_feed CASCADE`) })
		pg.Exec(t, fmt.Sprintf(`GRANT USAGE ON SCHEMA public, game TO %[1]s; GRANT SELECT ON "user", session TO %[1]s;
			GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO %[1]s`, role))
		s := open(t, postgres.Config{URL: url, Feed: mode})
		for range 2 { // replication needs a superuser's word and the owner's
			err := s.RequireFeed(t.Context())
			if err == nil {
				break
			}
			if given := final(t, s); !strings.Contains(given.Error(), "to run") && !strings.Contains(given.Error(), "run:") {
				t.Errorf("the feed gives up with %v", given)
			}
			_, sql, ok := strings.Cut(err.Error(), "to run ")
			if !ok {
				if _, sql, ok = strings.Cut(err.Error(), "run: "); !ok {
					t.Fatalf("no SQL in %q", err)
				}
			}
			pg.Exec(t, sql)
		}
		b.listener = follow(t, s)
		b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = `+anyUser)
		if told := b.take(t); len(told) != 1 {
			t.Errorf("told %+v", told)
		}
	})
}

// What the server does by itself about a client that has gone or stands still.
func TestTheServerGivesDeadFeedsUp(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	pool, err := pgxpool.New(t.Context(), pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	cfg, err := postgres.FeedConfig(pool, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := postgres.ConnectFeed(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for name, want := range map[string]string{
		"application_name": "waystone feed", "tcp_user_timeout": "10000", "tcp_keepalives_idle": "5", "idle_session_timeout": "45s",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// A pooler answers with process numbers of its own.
func TestAPoolerIsRefused(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		pg := filled(t).pg
		s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode, FeedURL: throughPooler(t, pg.URL())})
		for _, err := range []error{final(t, s), s.RequireFeed(t.Context())} {
			if err == nil || !strings.Contains(err.Error(), "pooler: set DATABASE_FEED_URL") {
				t.Errorf("got %v, want the setting", err)
			}
		}
	})
}

// throughPooler returns a URL that reaches the server with BackendKeyData of
// somebody else.
func throughPooler(t testing.TB, url string) string {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	upstream := net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go pool(client, upstream)
		}
	}()
	return strings.Replace(url, upstream, l.Addr().String(), 1)
}

func pool(client net.Conn, upstream string) {
	defer client.Close()
	server, err := net.Dial("tcp", upstream)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer server.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	in := pgproto3.NewFrontend(server, server)
	out := pgproto3.NewBackend(client, client)
	for {
		msg, err := in.Receive()
		if err != nil {
			return
		}
		if key, ok := msg.(*pgproto3.BackendKeyData); ok {
			key.ProcessID += 1000000
		}
		out.Send(msg)
		if out.Flush() != nil {
			return
		}
	}
}
