package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

// A prepared statement may keep the plan that it got when the table was empty:
// that one has to do when the table is not.
func TestCountsOfTriesAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	d := openSQL(t, pg.URL())
	d.SetMaxOpenConns(1) // what is set and prepared is the connection's
	exec := func(statement string) {
		t.Helper()
		if _, err := d.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`SET plan_cache_mode = force_generic_plan`)
	plan := func(name, query, args string) string {
		t.Helper()
		exec(`PREPARE ` + name + ` AS ` + query)
		rows, err := d.QueryContext(t.Context(), `EXPLAIN EXECUTE `+name+`(`+args+`)`)
		if err != nil {
			t.Fatal(err)
		}
		return readAll(t, rows)
	}
	begin, sweep, end := postgres.AttemptStatements()
	for name, p := range map[string]string{
		"begin": plan("begin_it", begin, `'\x00', 'net', now(), '{1,1,1,1,1,1}', '{1,1,1,1,1,1}', '{1,1,1,1,1,1}', '{1,1,1,1,1,1}', 'host', 'wide', 'widest', false, 'user', now()`),
		"end":   plan("end_it", end, `'\x00', 'net', now(), now(), 'host', 'wide', 'widest', 'user', now()`),
	} {
		if strings.Contains(p, "Seq Scan") || !strings.Contains(p, "attempt_pkey") {
			t.Errorf("%s reads more than its rows:\n%s", name, p)
		}
	}
	if p := plan("sweep_it", sweep, `now()`); !strings.Contains(p, "One-Time Filter") || !strings.Contains(p, "attempt_kept_until_idx") {
		t.Errorf("a sweep of nothing reads rows:\n%s", p)
	}
	exec(`INSERT INTO game.attempt SELECT '', 'net' || n, 1, now(), false, NULL, now() FROM generate_series(1, 20000) n`)
	exec(`ANALYZE game.attempt`)
	if p := plan("sweep_much", sweep, `now()`); strings.Contains(p, "Seq Scan") {
		t.Errorf("a sweep reads more than its rows:\n%s", p)
	}
}

// What is over is deleted by the tries that come after, some at a time; what is
// known stays.
func TestTriesSweepCountsThatAreOver(t *testing.T) {
	t.Parallel()
	stores, d, clock := replicas(t, 1)
	s := stores[0]
	short := store.AttemptLimit{Free: 1000, First: time.Second, Longest: time.Second, Memory: time.Minute}
	limits := store.AttemptLimits{Device: short, Account: short, Network: short}
	begin := func(account string) {
		t.Helper()
		if _, err := s.BeginAttempt(t.Context(), store.Attempt{Account: store.DigestOf(account), Network: "net"}, limits); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		t.Helper()
		if err := d.QueryRowContext(t.Context(), `SELECT count(*) FROM game.attempt`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 60 {
		begin(fmt.Sprint("account ", i))
	}
	if err := s.EndAttempt(t.Context(), store.Attempt{Account: store.DigestOf("account 0"), Network: "net"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 60+59+1 { // devices, accounts and the network
		t.Fatalf("%d counts to begin with", n)
	}
	clock.Advance(time.Minute)
	begin("another") // makes two counts, and that of the network anew
	if n := count(); n != 120+2-100 {
		t.Errorf("%d counts after one try", n)
	}
	begin("another")
	if n := count(); n != 1+3 {
		t.Errorf("%d counts after two tries; want the known device and the three of the try", n)
	}
}

// The statements carry all types, so that a pooler in transaction mode can be
// between.
func TestTriesAreCountedWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	s := open(t, postgres.Config{URL: pg.URL() + "&default_query_exec_mode=exec"})
	limit := store.AttemptLimit{Free: 1, First: time.Hour, Longest: time.Hour, Memory: time.Hour}
	for _, a := range []store.Attempt{{Network: "net"}, {UserID: "1", Network: "net of a user"}} {
		for i, waits := range []bool{false, true} {
			got, err := s.BeginAttempt(t.Context(), a, store.AttemptLimits{Device: limit, Account: limit, Network: limit})
			if err != nil || got.Wait > 0 != waits {
				t.Errorf("try %d of %+v: %+v, %v", i+1, a, got, err)
			}
		}
		if err := s.EndAttempt(t.Context(), a, time.Hour); err != nil {
			t.Error(err)
		}
	}
}
