package cached_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
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
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestStore(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { storetest.Run(t, storetest.Harness{Open: sqliteOpener(t)}) })
	t.Run("postgres and redis", func(t *testing.T) {
		storetest.Run(t, storetest.Harness{Open: postgresOpener(t, nearBytes), Skip: handedOn()})
	})
}

// handedOn names the categories of calls that the Store hands on as they are: over
// SQLite they are run here, and PostgreSQL runs them itself.
func handedOn() map[string]string {
	if os.Getenv(testenv.AllVariable) != "" {
		return nil
	}
	skip := map[string]string{}
	for _, name := range []string{"attempts", "plays", "hand_over", "tickets", "game_accounts"} {
		skip[name] = "the cache hands these calls on (pass.go); make test-rest runs them over PostgreSQL too"
	}
	return skip
}

// TestStoreOverRedisAlone is TestStore without the level in the process.
func TestStoreOverRedisAlone(t *testing.T) {
	testenv.OnlyInAll(t, "both levels together pass the same suite in TestStore")
	storetest.Run(t, storetest.Harness{Open: postgresOpener(t, 0)})
}

func BenchmarkStore(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { storetest.Bench(b, sqliteOpener(b)) })
	b.Run("postgres", func(b *testing.B) { storetest.Bench(b, postgresOpener(b, nearBytes)) })
}

// sqliteOpener returns what opens a Store in front of an SQLite file, with the
// cache that a process alone has.
func sqliteOpener(t testing.TB) func(testing.TB) storetest.Env {
	t.Helper()
	files := storetest.SQLiteFiles(t, func(path string) error {
		engine, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			return err
		}
		return engine.Close()
	})
	return func(t testing.TB) storetest.Env {
		t.Helper()
		path, website := files(t)
		return openSQLite(t, path, website)
	}
}

func openSQLite(t testing.TB, path string, website storetest.Website) storetest.Env {
	t.Helper()
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

// postgresOpener returns what opens a Store for each test below t as a replica
// among several has it, on a database that is migrated and has what the feed
// needs. Each database has a server of its own: the feed begins once no
// transaction is left that was open, in whichever database of its server, and
// the longest of the suite take seconds.
func postgresOpener(t testing.TB, near uint64) func(testing.TB) storetest.Env {
	t.Helper()
	server := func(t testing.TB) *testenv.PG { t.Helper(); return &testenv.OwnPostgres(t).PG }
	pool := testenv.NewPool(t, server, func(t testing.TB, pg *testenv.PG) {
		t.Helper()
		pg.Exec(t, betterauth.Read("postgres_schema.sql"))
		engine, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true, Feed: postgres.FeedReplication})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(engine.MakeFeed(t.Context()), engine.Close()); err != nil {
			t.Fatal(err)
		}
	})
	return func(t testing.TB) storetest.Env {
		t.Helper()
		pg := pool.Get(t)
		cfg, err := pgx.ParseConfig(pg.URL())
		if err != nil {
			t.Fatal(err)
		}
		db := stdlib.OpenDB(*cfg)
		t.Cleanup(func() { _ = db.Close() })
		website := &storetest.SQLWebsite{DB: db, Engine: "postgres"}
		website.FillTables(t)

		redis, err := rediscache.Open(t.Context(), testenv.Redis(t), rediscache.Config{Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(redis.Close)
		clock := storetest.NewClock()
		engine, err := postgres.Open(t.Context(), postgres.Config{
			URL: pg.URL(), Now: clock.Now, MaxConns: 8,
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
