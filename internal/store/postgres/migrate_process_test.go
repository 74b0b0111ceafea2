package postgres_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// asProcess is set in the environment of a test binary that is another process
// beside the tests: it migrates the databases whose URLs it reads, and writes an
// outcome for each.
const asProcess = "WAYSTONE_TEST_AS_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) == "" {
		m.Run()
		migratedTemplate.Drop()
		return
	}
	for urls := bufio.NewScanner(os.Stdin); urls.Scan(); {
		n, err := postgres.Migrate(context.Background(), postgres.Config{URL: urls.Text()})
		fmt.Fprintln(os.Stdout, n, err)
	}
}

// migrator is a test binary with asProcess.
type migrator struct {
	cmd     *osexec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
}

// startMigrator starts one, which is killed with the test.
func startMigrator(t *testing.T) *migrator {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &migrator{cmd: osexec.CommandContext(ctx, os.Args[0])} //nolint:gosec // this test itself
	p.cmd.Env = append(os.Environ(), asProcess+"=1")
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.answers = in, bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = p.cmd.Wait() // it has been killed, now or by the test
	})
	return p
}

// migrate tells the process to migrate a database.
func (p *migrator) migrate(t *testing.T, url string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, url); err != nil {
		t.Fatal(err)
	}
}

// applied waits for the answer, how many migrations it was. After a minute the
// process is killed: then there is none.
func (p *migrator) applied(t *testing.T) (n int) {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	var failed string
	if !p.answers.Scan() {
		t.Fatalf("the process has ended, or gave no answer within a minute: %v", p.answers.Err())
	}
	if _, err := fmt.Sscan(p.answers.Text(), &n, &failed); err != nil || failed != "<nil>" {
		t.Errorf("a process answers %s", p.answers.Text())
	}
	return n
}

// barrier stops whoever makes the third table of the schema game of a database
// until it is opened.
type barrier struct {
	db   *sql.DB
	conn *sql.Conn // that holds it
}

func newBarrier(t *testing.T, pg *testenv.PG) *barrier {
	t.Helper()
	b := &barrier{db: openSQL(t, pg.URL())}
	pg.Exec(t, `CREATE FUNCTION public.pause() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
		IF (SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('game')) = 3
		THEN PERFORM pg_advisory_xact_lock(1); END IF; END $$;
		CREATE EVENT TRIGGER pause ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.pause()`)
	var err error
	if b.conn, err = b.db.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.conn.ExecContext(t.Context(), `SELECT pg_advisory_lock(1)`); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *barrier) open(t *testing.T) {
	t.Helper()
	if _, err := b.conn.ExecContext(t.Context(), `SELECT pg_advisory_unlock(1)`); err != nil {
		t.Error(err)
	}
}

// until waits until a query on the database is true; after a minute it gives up.
func (b *barrier) until(t *testing.T, what, query string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		var done bool
		if err := b.db.QueryRowContext(t.Context(), `SELECT `+query, args...).Scan(&done); err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute it is not so: %s", what)
		}
		<-time.After(5 * time.Millisecond) // the server does not signal it
	}
}

// waiting returns the session that waits at the barrier, once one does.
func (b *barrier) waiting(t *testing.T) (pid int) {
	t.Helper()
	const who = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND classid = 0 AND NOT granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	b.until(t, "a session waits in the middle of the migrations", `EXISTS (`+who+`)`)
	if err := b.db.QueryRowContext(t.Context(), who).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// holders counts the sessions that hold another advisory lock than the
// barrier's for good.
const holders = `(SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND classid <> 0 AND granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid `

// The session that migrates is the one that holds the lock: if it is lost in the
// middle, nobody goes on without.
func TestMigrationEndsWithItsLock(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	b := newBarrier(t, pg)
	cfg := postgres.Config{URL: pg.URL()}
	done := make(chan error, 1)
	go func() {
		_, err := postgres.Migrate(t.Context(), cfg)
		done <- err
	}()
	pid := b.waiting(t)
	b.until(t, "the session that migrates holds the lock", holders+`= $1) = 1`, pid)
	b.until(t, "no other session holds a lock", holders+`<> $1) = 0`, pid)
	pg.Exec(t, fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, pid))
	err := <-done
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("a migration whose connection was lost: %v, want that it is unavailable", err)
	}
	b.open(t)
	if _, err := postgres.Migrate(t.Context(), cfg); err != nil {
		t.Errorf("the next one: %v", err)
	}
	if n, err := postgres.Migrate(t.Context(), cfg); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
}

// Of several processes that open one new database, one migrates at a time. One
// that is killed in the middle leaves nothing half done.
func TestMigrateByProcesses(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	b := newBarrier(t, pg)
	killed := startMigrator(t)
	killed.migrate(t, pg.URL())
	pid := b.waiting(t)
	others := make([]*migrator, 3)
	for i := range others {
		others[i] = startMigrator(t)
		others[i].migrate(t, pg.URL())
	}
	b.until(t, "the others wait for the lock", strings.Replace(holders, "granted", "NOT granted", 1)+`<> $1) = 3`, pid)
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := killed.cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	var before int
	if err := b.db.QueryRowContext(t.Context(), `SELECT count(*) FROM game.schema_version WHERE version_id > 0`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	b.open(t)
	total := before
	for _, p := range others {
		total += p.applied(t)
	}
	sources, err := os.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := postgres.Migrate(t.Context(), postgres.Config{URL: pg.URL()}); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	var noted, versions int
	if err := b.db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT version_id) FROM game.schema_version WHERE version_id > 0`).Scan(&noted, &versions); err != nil {
		t.Fatal(err)
	}
	// A killed process may have finished the one that it was in.
	if noted != len(sources) || versions != len(sources) || total > len(sources) || total < len(sources)-1 {
		t.Errorf("%d migrations are noted, %d applied before and after; there are %d", noted, total, len(sources))
	}
}
