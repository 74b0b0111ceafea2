package cached_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// Somebody who writes to the real Redis in front of the real database: he signs
// nobody in, makes nobody an admin, and cannot make Redis look broken.
func TestAWriterOfRedisSignsNobodyIn(t *testing.T) {
	t.Parallel()
	pg, server := testenv.Postgres(t), testenv.OwnRedis(t)
	cfg, err := pgx.ParseConfig(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { _ = db.Close() })
	(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).LoadFixtures(t)
	if _, err := db.ExecContext(t.Context(), `INSERT INTO "user" (id, name, email, "emailVerified", role) VALUES ('canary', 'Canary', 'canary@example.com', true, 'user');
		INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('canary-session', 'canary-token', 'canary', now() + interval '1 day', now())`); err != nil {
		t.Fatal(err)
	}
	replica := func(key []byte) (*cached.Store, *rediscache.Redis) {
		return realReplica(t, pg.URL(), server.URL(), key)
	}

	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr()}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	do := func(args ...string) rueidis.RedisResult {
		result := client.Do(t.Context(), client.B().Arbitrary(args...).Build())
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			t.Fatalf("%s: %v", args[0], err)
		}
		return result
	}
	filled := func() map[string]string {
		values := map[string]string{}
		keys, err := do("KEYS", "*").AsStrSlice()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			values[k], _ = do("GET", k).ToString()
		}
		return values
	}

	// What is forged is as our own binary writes it, of rows that say what the
	// forger wants and that have seen all transactions to come, but by a key of his.
	if _, err := db.ExecContext(t.Context(), `UPDATE "user" SET role = 'admin' WHERE id = 'canary'`); err != nil {
		t.Fatal(err)
	}
	forger, _ := replica(bytes.Repeat([]byte{1}, cached.KeySize))
	untilFilled(t, forger, filled)
	forged := filled()
	if err := forger.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE "user" SET role = 'user' WHERE id = 'canary'; DELETE FROM session WHERE id = 'canary-session'`); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(key, value string){
		"forged":                  func(key, value string) { do("SET", key, value) },
		"forged, of high rank":    func(key, value string) { do("SET", key, "9007199254740992"+value[16:]) },
		"of another kind":         func(key, _ string) { do("DEL", key); do("LPUSH", key, "x") },
		"of 32 MB":                func(key, _ string) { do("SETRANGE", key, "33554432", "x") },
		"empty":                   func(key, _ string) { do("SET", key, "") },
		"of a header and no more": func(key, value string) { do("SET", key, value[:42]) },
	} {
		do("FLUSHALL")
		for key, value := range forged {
			spoil(key, value)
		}
		s, redis := replica(nil)
		for range 20 { // more often than the circuit breaker bears
			if _, _, err := s.GetSession(t.Context(), "canary-token", store.Cached); !errors.Is(err, store.ErrSessionNotFound) {
				t.Errorf("%s: the session that is not there: %v", name, err)
			}
			u, err := s.GetUser(t.Context(), "canary", store.Cached)
			if err != nil || u.Role != "user" {
				t.Errorf("%s: the user: %+v, %v", name, u, err)
			}
		}
		if state := redis.State(); state != rediscache.StateClosed {
			t.Errorf("%s: the circuit breaker is %s", name, state)
		}
	}
}

// untilFilled reads until the session of the canary is in Redis.
func untilFilled(t *testing.T, s *cached.Store, filled func() map[string]string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; n < 3; n = len(filled()) {
		if time.Now().After(deadline) {
			t.Fatalf("Redis holds %d values", n)
		}
		if _, _, err := s.GetSession(t.Context(), "canary-token", store.Cached); err != nil {
			t.Fatal(err)
		}
	}
}

// realReplica is a Store over a real database and Redis that keeps nothing in
// the process, once its feed has begun. Without a key it has the database's; with
// one of its own it is a forger's, and sees far.
func realReplica(t *testing.T, database, redisURL string, key []byte) (*cached.Store, *rediscache.Redis) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := postgres.Open(t.Context(), postgres.Config{URL: database, Migrate: true, Feed: postgres.FeedTriggers})
	if err != nil {
		t.Fatal(err)
	}
	var inner store.Engine = farSeeing{engine}
	if key == nil {
		inner = engine
		if key, err = engine.CacheKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	redis, err := rediscache.Open(t.Context(), redisURL, rediscache.Config{Prefix: "waystone:", MaxValue: cached.MaxValue, Timeout: 5 * time.Second, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	s, err := cached.New(inner, cached.Config{Cache: redis, Key: key, TTL: time.Minute, Log: quiet, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{news: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Feed().Follow(ctx, store.Followers{s, w}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("follow: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := w.await(time.Now()); err != nil {
		t.Fatal(err)
	}
	return s, redis
}

// farSeeing claims to have seen transactions that are far ahead.
type farSeeing struct{ *postgres.Store }

func far() store.Snapshot { return store.Snapshot{Xmin: 1 << 40, Xmax: 1 << 40} }

func (f farSeeing) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	u, _, err := f.Store.ReadUser(ctx, by, value)
	return u, far(), err
}

func (f farSeeing) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	s, u, _, err := f.Store.ReadSession(ctx, token)
	return s, u, far(), err
}
