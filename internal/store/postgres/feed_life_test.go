package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// start follows a feed without waiting for anything, and returns how to end it.
func start(t testing.TB, s *postgres.Store) (l *listener, end func() error) {
	t.Helper()
	l = newListener()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Feed().Follow(ctx, l) }()
	end = func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return errors.New("the feed does not end with its context")
		}
	}
	t.Cleanup(cancel)
	return l, end
}

// A server that is away when the feed begins says nothing about what it allows.
func TestAFeedThatBeginsWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t)
	site(t, &pg.PG)
	for _, mode := range []postgres.FeedMode{postgres.FeedAuto, postgres.FeedReplication, postgres.FeedTriggers} {
		s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode})
		pg.Stop(t)
		l, end := start(t, s)
		l.await(t, "the loss", func(l *listener) bool { return len(l.lost) > 0 })
		pg.Start(t)
		l.await(t, "the beginning", func(l *listener) bool { return l.resets > 0 })
		if mode == postgres.FeedAuto {
			// It did not make do with triggers.
			if n := count(t, pg, `SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'waystone%'`); n != 0 {
				t.Errorf("%d triggers on the website's tables, where replication is possible", n)
			}
		}
		if err := end(); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func count(t testing.TB, pg *testenv.PrivatePostgres, query string) (n int) {
	t.Helper()
	d := openSQL(t, pg.URL())
	if err := d.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What worked once and is taken from a role that may not make it works again
// once it is there again.
func TestAFeedThatWorkedIsNotGivenUp(t *testing.T) {
	t.Parallel()
	for mode, taken := range map[postgres.FeedMode]string{
		postgres.FeedReplication: `DROP PUBLICATION waystone_feed`,
		postgres.FeedTriggers:    `DROP SCHEMA game_feed CASCADE`,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			b := filled(t)
			pg := b.pg
			owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode})
			if err := owner.MakeFeed(t.Context()); err != nil {
				t.Fatal(err)
			}
			role, url := pg.Role(t)
			pg.Exec(t, fmt.Sprintf(`ALTER ROLE %[1]s REPLICATION; GRANT USAGE ON SCHEMA public, game TO %[1]s; GRANT SELECT ON "user", session TO %[1]s;
				GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO %[1]s`, role))
			b.listener = follow(t, open(t, postgres.Config{URL: url, Feed: mode}))
			pg.Exec(t, taken)
			b.await(t, "the loss, and what is missing", func(l *listener) bool {
				return slices.ContainsFunc(l.lost, func(err error) bool { return strings.Contains(err.Error(), "the role may not make") })
			})
			if err := owner.MakeFeed(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.await(t, "a new beginning", func(l *listener) bool { return l.resets > 1 })
			b.take(t)
			b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = `+anyUser)
			if told := b.take(t); len(told) != 1 {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// All senders are taken: auto makes do with triggers.
func TestAServerThatRefusesReplication(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t, "max_wal_senders=0")
	b := site(t, &pg.PG)
	b.listener = follow(t, open(t, postgres.Config{URL: pg.URL(), Migrate: true}))
	b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = `+anyUser)
	if told := b.take(t); len(told) != 1 || told[0].WasBanned == nil {
		t.Errorf("told %+v, want one change, by a trigger", told)
	}
}

// A link that is cut without a word, as by a firewall, is noticed, and the feed
// goes on once it is whole again.
func TestALinkThatGoesSilent(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t)
	for _, mode := range []postgres.FeedMode{postgres.FeedTriggers, postgres.FeedReplication} {
		if mode == postgres.FeedTriggers {
			site(t, &pg.PG)
		}
		proxy := testenv.NewProxy(t, pg.Addr())
		l, end := start(t, open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode, FeedURL: proxy.URL(t, pg.URL()), FeedPatience: postgres.DefaultFeedPatience}))
		l.await(t, "the beginning", func(l *listener) bool { return l.resets > 0 })
		l.confirm(t)
		proxy.Blackhole(t)
		began := time.Now()
		l.await(t, "the loss", func(l *listener) bool { return len(l.lost) > 0 })
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: noticed after %s", mode, took)
		}
		proxy.Heal(t)
		l.await(t, "a new beginning", func(l *listener) bool { return l.resets > 1 })
		if err := end(); err != nil {
			t.Error(err)
		}
	}
}

// Not parallel: it looks for goroutines that are left.
func TestNothingIsLeftOfAFeed(t *testing.T) {
	pg := testenv.OwnPostgres(t)
	site(t, &pg.PG)
	for _, mode := range []postgres.FeedMode{postgres.FeedTriggers, postgres.FeedReplication} {
		s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: mode})
		before := goleak.IgnoreCurrent()
		l, end := start(t, s)
		l.await(t, "the beginning", func(l *listener) bool { return l.resets > 0 })
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := goleak.Find(before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck")); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		eventually(t, "the server is rid of it", func() error {
			if n := count(t, pg, `SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'waystone feed%')
				+ (SELECT count(*) FROM pg_replication_slots)`); n != 0 {
				return fmt.Errorf("%d connections and slots are left", n)
			}
			return nil
		})
	}
}

// BenchmarkFeedLag reports how long after its commit a change is told.
func BenchmarkFeedLag(b *testing.B) {
	for _, mode := range []postgres.FeedMode{postgres.FeedTriggers, postgres.FeedReplication} {
		b.Run(string(mode), func(b *testing.B) {
			f := setupFeed(b, mode)
			f.take(b)
			var lags []time.Duration
			for b.Loop() {
				if _, err := f.db.ExecContext(b.Context(), `UPDATE "user" SET name = name WHERE id = `+anyUser); err != nil {
					b.Fatal(err)
				}
				committed := time.Now()
				f.await(b, "the change", func(l *listener) bool { return len(l.changes) > 0 })
				lags = append(lags, time.Since(committed))
				f.mu.Lock()
				f.changes = nil
				f.mu.Unlock()
			}
			slices.Sort(lags)
			b.ReportMetric(float64(lags[len(lags)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds()), "p99-µs")
		})
	}
}
