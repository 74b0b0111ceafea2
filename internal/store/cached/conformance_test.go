package cached_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: openSQLite})
}

func BenchmarkStore(b *testing.B) { storetest.Bench(b, openSQLite) }

// openSQLite is a Store in front of an SQLite file, with the cache that a
// process alone has. After the website has written, the suite waits for the
// TTL; here that is an empty cache.
func openSQLite(t testing.TB) storetest.Env {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waystone.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	website := &storetest.SQLWebsite{DB: db, Engine: "sqlite"}
	website.LoadFixtures(t)

	clock := storetest.NewClock()
	engine, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: path, Now: clock.Now,
		SessionExpiresIn: storetest.SessionExpiresIn, SessionUpdateAge: storetest.SessionUpdateAge,
	})
	if err != nil {
		t.Fatal(err)
	}
	memory, err := rediscache.NewMemory(rediscache.MemoryConfig{MaxEntries: 10000})
	if err != nil {
		t.Fatal(err)
	}
	s := cached.New(engine, cached.Config{Cache: memory, TTL: time.Minute, Now: clock.Now})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		memory.Close()
	})
	return storetest.Env{
		Engine: "sqlite", Store: s, Purger: engine, Clock: clock, Website: website,
		SettleReads: memory.Clear,
	}
}
