package testenv_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestPoolPutsBackWhatATestDid(t *testing.T) {
	t.Parallel()
	setUps := map[string]bool{}
	pool := testenv.NewPool(t, testenv.Postgres, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		setUps[pg.Name()] = true
		pg.Exec(t, `CREATE SCHEMA s; CREATE TABLE s.parent (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "a Text" text);
			CREATE TABLE child (id int REFERENCES s.parent ON DELETE RESTRICT);
			INSERT INTO s.parent ("a Text") VALUES (E'one\ttab\\'), (NULL);
			CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger fired'; END $$;
			CREATE TRIGGER loud BEFORE DELETE ON s.parent FOR EACH ROW EXECUTE FUNCTION loud()`)
	})
	const tests = 3
	for range tests * len(setUps) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pg := pool.Get(t)
			if !setUps[pg.Name()] {
				t.Error("this database was not set up")
			}
			const rows = `SELECT coalesce(string_agg(id || '=' || coalesce("a Text", 'NULL'), ',' ORDER BY id), '') FROM s.parent`
			if got := ask[string](t, pg.URL(), rows); got != "1=one\ttab\\,2=NULL" {
				t.Errorf("the parents are %q", got)
			}
			if got := ask[int](t, pg.URL(), "SELECT count(*) FROM child"); got != 0 {
				t.Errorf("%d children are left of another test", got)
			}
			if got := ask[int](t, pg.URL(), `INSERT INTO s.parent DEFAULT VALUES RETURNING id`); got != 3 {
				t.Errorf("the next id is %d, want 3", got)
			}
			pg.Exec(t, `UPDATE s.parent SET "a Text" = 'changed' WHERE id = 1; INSERT INTO child VALUES (1), (2)`)

			// A statement that is still at work, on a connection that nobody closes.
			left, err := pgx.Connect(t.Context(), pg.URL())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := left.Exec(t.Context(), "BEGIN; LOCK TABLE child"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPoolRefusesChangedTables(t *testing.T) {
	t.Parallel()
	pool := testenv.NewPool(t, testenv.Postgres, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		pg.Exec(t, "CREATE TABLE a (id int)")
	})
	v := &verdict{TB: t}
	pg := pool.Get(v)
	pg.Exec(t, "ALTER TABLE a ADD b text")
	v.end()
	if !strings.Contains(v.failed, "a.b text") || !strings.Contains(v.failed, "database of its own") {
		t.Errorf("failed with %q: want the change and what to use", v.failed)
	}
}

func TestOwnServerHasAPool(t *testing.T) {
	t.Parallel()
	server := testenv.OwnPostgres(t)
	pool := testenv.NewPool(t, server.Create, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		pg.Exec(t, "CREATE TABLE a (id int)")
	})
	pg := pool.Get(t)
	if !strings.Contains(pg.URL(), server.Addr()) {
		t.Errorf("the database is at %s, not at %s", pg.URL(), server.Addr())
	}
	// A slot in use, as a change feed has one.
	conn, err := pgx.Connect(t.Context(), pg.URL()+"&replication=database")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.PgConn().Exec(t.Context(), "CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL pgoutput").ReadAll(); err != nil {
		t.Fatal(err)
	}
}

func TestPoolExecutesWhatATestBeginsWith(t *testing.T) {
	t.Parallel()
	pool := testenv.NewPool(t, testenv.Postgres, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		pg.Exec(t, "CREATE TABLE a (id int); INSERT INTO a VALUES (1)")
	})
	for range 5 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pg := pool.Get(t, "UPDATE a SET id = id + 1", "UPDATE a SET id = id * 10")
			if got := ask[int](t, pg.URL(), "SELECT id FROM a"); got != 20 {
				t.Errorf("got %d, want 20", got)
			}
		})
	}
}
