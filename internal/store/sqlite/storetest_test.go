package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// website opens a file of its own for a test and fills it as better-auth did.
func website(t testing.TB) (path string, w *storetest.SQLWebsite) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "waystone.db")
	w = &storetest.SQLWebsite{DB: sqlOpen(t, path), Engine: "sqlite"}
	w.LoadFixtures(t)
	if err := os.Chmod(path, 0o600); err != nil { // as the website makes it
		t.Fatal(err)
	}
	return path, w
}

// sqlOpen opens a file as another program would.
func sqlOpen(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// open opens a store that is closed with the test.
func open(t testing.TB, cfg sqlite.Config) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// envs returns what opens a store for each test below t.
func envs(t testing.TB) func(testing.TB) storetest.Env {
	t.Helper()
	files := storetest.SQLiteFiles(t, func(path string) error {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			return err
		}
		return s.Close()
	})
	return func(t testing.TB) storetest.Env {
		t.Helper()
		path, w := files(t)
		clock := storetest.NewClock()
		cfg := sqlite.Config{
			Path: path, Now: clock.Now, SessionExpiresIn: storetest.SessionExpiresIn, SessionUpdateAge: storetest.SessionUpdateAge,
		}
		s := open(t, cfg)
		another := func(t testing.TB) store.Store {
			t.Helper()
			return open(t, cfg)
		}
		return storetest.Env{Engine: "sqlite", Store: s, Another: another, Purger: s, Clock: clock, Website: w}
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: envs(t)})
}

func TestReader(t *testing.T) {
	t.Parallel()
	storetest.RunReader(t, envs(t))
}

func BenchmarkStore(b *testing.B) { storetest.Bench(b, envs(b)) }
