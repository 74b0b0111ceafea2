package cached_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestStore(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { storetest.Run(t, storetest.Harness{Open: openSQLite}) })
	t.Run("postgres and redis", func(t *testing.T) {
		storetest.Run(t, storetest.Harness{Open: openBoth})
	})
	t.Run("postgres and redis alone", func(t *testing.T) {
		storetest.Run(t, storetest.Harness{Open: openShared})
	})
}

func BenchmarkStore(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { storetest.Bench(b, openSQLite) })
	b.Run("postgres", func(b *testing.B) { storetest.Bench(b, openBoth) })
}

// openSQLite is a Store in front of an SQLite file, with the cache that a
// process alone has.
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
	env := storetest.Env{Engine: "sqlite", Purger: engine, Clock: clock, Website: website}
	serve(t, &env, engine, engine.Feed(), cached.Config{NearBytes: nearBytes, TTL: time.Minute, Now: clock.Now})
	return env
}

func openBoth(t testing.TB) storetest.Env {
	t.Helper()
	return openPostgres(t, nearBytes)
}

func openShared(t testing.TB) storetest.Env {
	t.Helper()
	return openPostgres(t, 0)
}

// openPostgres is a Store as a replica among several has it.
func openPostgres(t testing.TB, near uint64) storetest.Env {
	t.Helper()
	pg := testenv.Postgres(t)
	cfg, err := pgx.ParseConfig(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { _ = db.Close() })
	website := &storetest.SQLWebsite{DB: db, Engine: "postgres"}
	website.LoadFixtures(t)

	redis, err := rediscache.Open(t.Context(), testenv.Redis(t), rediscache.Config{Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	clock := storetest.NewClock()
	engine, err := postgres.Open(t.Context(), postgres.Config{
		URL: pg.URL(), Now: clock.Now, Migrate: true, MaxConns: 8,
		SessionExpiresIn: storetest.SessionExpiresIn, SessionUpdateAge: storetest.SessionUpdateAge,
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := engine.CacheKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := storetest.Env{Engine: "postgres", Purger: engine, Clock: clock, Website: website}
	serve(t, &env, engine, engine.Feed(), cached.Config{NearBytes: near, Cache: redis, Key: key, TTL: time.Minute, Now: clock.Now})
	return env
}

// serve puts a Store in front of an engine and has it follow the feed. A read
// of what the website wrote has to be right once the feed was asked after the
// write.
func serve(t testing.TB, env *storetest.Env, engine store.Engine, feed store.Feed, cfg cached.Config) {
	t.Helper()
	s, err := cached.New(engine, cfg)
	if err != nil {
		t.Fatal(err)
	}
	env.Store = s
	w := &watch{news: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() {
		if err := feed.Follow(ctx, store.Followers{s, w}); err != nil {
			t.Errorf("follow: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		following.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	env.SettleReads = func() {
		if err := w.await(time.Now()); err != nil {
			t.Error(err)
		}
	}
	env.SettleReads()
}

// watch knows when the feed was confirmed last.
type watch struct {
	mu    sync.Mutex
	asked time.Time
	news  chan struct{}
}

func (w *watch) Reset(string, store.Snapshot) {}
func (w *watch) Changed([]store.Change)       {}
func (w *watch) Lost(error)                   {}
func (w *watch) Confirmed(asked time.Time, _ store.Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = asked
	close(w.news)
	w.news = make(chan struct{})
}

func (w *watch) await(after time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		w.mu.Lock()
		asked, news := w.asked, w.news
		w.mu.Unlock()
		if asked.After(after) {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
