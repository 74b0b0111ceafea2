package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// PostgreSQL refuses to update a published table whose replica identity is
// not among the published columns: the website's own statements would fail.
func TestNothingIsPublishedThatWouldStopTheWebsite(t *testing.T) {
	t.Parallel()
	for name, identity := range map[string]string{
		"whole rows":     `ALTER TABLE session REPLICA IDENTITY FULL`,
		"another column": `ALTER TABLE session REPLICA IDENTITY USING INDEX session_token_key`,
		"none":           `ALTER TABLE session REPLICA IDENTITY NOTHING`,
		"no key":         `ALTER TABLE session DROP CONSTRAINT session_pkey`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := testenv.Postgres(t)
			db := openSQL(t, pg.URL())
			(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).LoadFixtures(t)
			pg.Exec(t, identity)
			replication := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: postgres.FeedReplication})
			if ok, detail := feedLine(t, replication); ok || !strings.Contains(detail, "session") || !strings.Contains(detail, "replica identity") {
				t.Errorf("check says %v, %q", ok, detail)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := replication.Feed().Follow(ctx, newListener())
			if err == nil || !strings.Contains(err.Error(), "replica identity") || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a feed by replication: got %v", err)
			}
			if err := replication.MakeFeed(t.Context()); err == nil || !strings.Contains(err.Error(), "replica identity") {
				t.Errorf("it is made: %v", err)
			}

			auto := open(t, postgres.Config{URL: pg.URL()})
			if err := auto.MakeFeed(t.Context()); err != nil {
				t.Fatal(err)
			}
			b := feedBench{pg: pg, db: db, listener: follow(t, auto)}
			xid := b.xid(t, `UPDATE session SET "updatedAt" = now() WHERE id = (SELECT min(id) FROM session)`)
			if told := b.take(t); len(told) != 1 || told[0].Xid != xid || told[0].Table != store.TableSession {
				t.Errorf("told %+v", told)
			}
			if made := column(t, db, `SELECT pubname FROM pg_publication`); len(made) > 0 {
				t.Errorf("published: %q", made)
			}
		})
	}
}
