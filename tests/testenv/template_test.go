package testenv_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestTemplateIsSetUpOnceAndCopied(t *testing.T) {
	t.Parallel()
	var setUps atomic.Int32
	var made atomic.Pointer[testenv.PG]
	template := testenv.NewTemplate(func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		setUps.Add(1)
		made.Store(pg)
		pg.Exec(t, "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY, text text); INSERT INTO a (text) VALUES ('one')")
		// A connection that is left open, as a pool that ends in the background has.
		if _, err := pgx.Connect(t.Context(), pg.URL()); err != nil {
			t.Fatal(err)
		}
	})
	const databases = `SELECT count(*) FROM pg_database WHERE datname = '`
	t.Run("copies", func(t *testing.T) {
		for range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				pg := template.Copy(t)
				if got := ask[int](t, pg.URL(), "INSERT INTO a (text) VALUES ('two') RETURNING id"); got != 2 {
					t.Errorf("the next id is %d, want 2", got)
				}
				if got := ask[int](t, pg.URL(), "SELECT count(*) FROM a"); got != 2 {
					t.Errorf("%d rows, want that of the template and the test's", got)
				}
			})
		}
	})
	if n := setUps.Load(); n != 1 {
		t.Errorf("set up %d times", n)
	}
	other := testenv.Postgres(t)
	if got := ask[int](t, other.URL(), databases+made.Load().Name()+"'"); got != 1 {
		t.Errorf("the template is %d databases", got)
	}
	template.Drop()
	if got := ask[int](t, other.URL(), databases+made.Load().Name()+"'"); got != 0 {
		t.Error("the template is left")
	}
}

// A template whose set-up failed is left nowhere, and is no template.
func TestTemplateThatCannotBeSetUp(t *testing.T) {
	t.Parallel()
	var made *testenv.PG
	fails := true
	template := testenv.NewTemplate(func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		made = pg
		if fails {
			runtime.Goexit() // as t.Fatal does
		}
		pg.Exec(t, "CREATE TABLE a (id int)")
	})
	t.Cleanup(template.Drop)
	var failed sync.WaitGroup
	failed.Go(func() { template.Copy(t) })
	failed.Wait()
	other := testenv.Postgres(t)
	if got := ask[int](t, other.URL(), `SELECT count(*) FROM pg_database WHERE datname = '`+made.Name()+"'"); got != 0 {
		t.Error("what could not be set up is left")
	}
	fails = false
	if got := ask[int](t, template.Copy(t).URL(), "SELECT count(*) FROM a"); got != 0 {
		t.Errorf("%d rows", got)
	}
}
