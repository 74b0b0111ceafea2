package testenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// poolSize bounds the databases of a pool: more tests at once than this only
// wait for the server.
const poolSize = 4

// Pool hands the same few databases to many tests, one test at a time. A test
// gets one with the tables, roles and rows of its set-up and no trace of the
// test before, for a few milliseconds instead of the hundreds that a new
// database, its tables and its migrations take.
//
// Rows and sequences are put back, and connections ended. A test that changes
// tables, or settings of the database, needs [Postgres] instead.
type Pool struct {
	free chan *pooled
}

// pooled is a database and what puts it back.
type pooled struct {
	*PG
	conn    *pgx.Conn // kept, for a new one takes longer than all that is done on it
	restore restorePoint
}

// NewPool makes the databases of a pool by create, which is [Postgres], the Copy of
// a [Template] or the Create of a [PrivatePostgres], and sets up each of them. They go when t ends:
// it has to be the parent of the tests that call Get.
func NewPool(t testing.TB, create func(testing.TB) *PG, setUp func(testing.TB, *PG)) *Pool {
	t.Helper()
	n := min(runtime.GOMAXPROCS(0), poolSize)
	p := &Pool{free: make(chan *pooled, n)}
	for range n {
		d := &pooled{PG: create(t)}
		setUp(t, d.PG)
		if err := d.remember(t); err != nil {
			t.Fatalf("remember the set-up of a pooled database: %v", err)
		}
		p.free <- d
	}
	return p
}

// remember connects to the database until t ends, and reads what it holds.
func (d *pooled) remember(t testing.TB) (err error) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	if d.conn, err = pgx.Connect(ctx, d.url); err != nil {
		return err
	}
	t.Cleanup(func() {
		ctx, cancel := bounded()
		defer cancel()
		_ = d.conn.Close(ctx)
	})
	d.restore, err = remember(ctx, d.conn)
	return err
}

// Get waits for a database that no test has, and executes statements on it, such
// as those that move times to the present. It is put back when t ends; what t has
// open on it by then is ended.
func (p *Pool) Get(t testing.TB, statements ...string) *PG {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	select {
	case d := <-p.free:
		t.Cleanup(func() { p.put(t, d) })
		for _, sql := range statements {
			if _, err := d.conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		return d.PG
	case <-ctx.Done():
		t.Fatalf("no database of the pool was given back within %s: all %d are held by tests", within, cap(p.free))
		return nil
	}
}

func (p *Pool) put(t testing.TB, d *pooled) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	if err := d.restore.apply(ctx, d.conn); err != nil {
		t.Errorf("put the pooled database %s back as it was: %v", d.name, err)
	}
	p.free <- d
}

// as runs f on a connection to the database, as the superuser.
func (p *PG) as(ctx context.Context, f func(*pgx.Conn) error) error {
	if p.kept != nil {
		return p.kept.run(ctx, f)
	}
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		return err
	}
	return errors.Join(f(conn), conn.Close(ctx))
}

// restorePoint is what the tables of a database held.
type restorePoint struct {
	shape string            // of all tables
	clear string            // statements that empty them, and set the sequences
	rows  map[string][]byte // what COPY returned, by table; only of those with rows
}

// Tables and sequences are those of no extension and no system schema, with
// names that are quoted where they have to be.
const (
	tablesQuery = `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY c.oid`
	sequencesQuery = `SELECT format('SELECT setval(%L, %s, %L);', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL)
FROM pg_sequences ORDER BY 1`
	shapeQuery = `SELECT coalesce(string_agg(format('%s.%s %s', a.attrelid::regclass, a.attname, a.atttypid::regtype), ', ' ORDER BY a.attrelid, a.attnum), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND a.attnum > 0 AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'`
)

// remember reads the tables as they are.
func remember(ctx context.Context, conn *pgx.Conn) (r restorePoint, err error) {
	if err := conn.QueryRow(ctx, shapeQuery).Scan(&r.shape); err != nil {
		return r, err
	}
	tables, err := texts(ctx, conn, tablesQuery)
	if err != nil {
		return r, err
	}
	r.rows = map[string][]byte{}
	var clear strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&clear, "DELETE FROM %s;", table)
		var rows bytes.Buffer
		if _, err := conn.PgConn().CopyTo(ctx, &rows, "COPY "+table+" TO STDOUT"); err != nil {
			return r, err
		}
		if rows.Len() > 0 {
			r.rows[table] = rows.Bytes()
		}
	}
	sequences, err := texts(ctx, conn, sequencesQuery)
	clear.WriteString(strings.Join(sequences, ""))
	r.clear = clear.String()
	return r, err
}

// apply ends all other connections, for one may still be at work on what a test no
// longer waits for, and writes the rows again. No trigger fires.
func (r *restorePoint) apply(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, endOthers+" AND pid <> pg_backend_pid()", conn.Config().Database); err != nil {
		return err
	}
	var shape string
	if err := conn.QueryRow(ctx, shapeQuery).Scan(&shape); err != nil {
		return err
	}
	if shape != r.shape {
		return fmt.Errorf("the test changed the tables from\n%s\nto\n%s\nit needs a database of its own: testenv.Postgres", r.shape, shape)
	}
	if _, err := conn.PgConn().Exec(ctx, "BEGIN; SET LOCAL session_replication_role = replica;"+r.clear).ReadAll(); err != nil {
		return err
	}
	for table, rows := range r.rows {
		if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows), "COPY "+table+" FROM STDIN"); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "COMMIT")
	return err
}

func texts(ctx context.Context, conn *pgx.Conn, query string) ([]string, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
