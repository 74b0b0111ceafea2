package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// lost opens a store behind a proxy, on an empty website.
func lost(t *testing.T) (*postgres.Store, *testenv.PG, *testenv.Proxy) {
	t.Helper()
	pg := migrated(t)
	u, err := url.Parse(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := testenv.NewProxy(t, u.Host)
	return open(t, postgres.Config{URL: proxy.URL(t, pg.URL()), Migrate: true, MaxConns: 1}), pg, proxy
}

// A call whose server has vanished gives its place in the pool free soon after
// its deadline, although nothing of the server is ever heard again.
func TestVanishedServerHoldsNoConnection(t *testing.T) {
	t.Parallel()
	s, _, proxy := lost(t)
	proxy.Blackhole(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.GetUser(ctx, "x", store.Fresh); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a read: got %v, want the caller's deadline", err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for s.Connections() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the connection still has its place in the pool after 5 s")
		}
		<-time.After(10 * time.Millisecond) // the pool does not signal it
	}
}

// A transaction whose client has vanished in its middle gives its locks free.
func TestVanishedClientHoldsNoLock(t *testing.T) {
	t.Parallel()
	s, pg, proxy := lost(t)
	c, err := s.CreateCharacter(t.Context(), store.NewCharacter{UserID: "someone", Name: "Someone", Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	site := openSQL(t, pg.URL())
	tx, err := site.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `SELECT 1 FROM game.character FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.DeleteCharacter(ctx, c.ID, c.UserID)
		ended <- err
	}()
	for waiting := false; !waiting; {
		if err := site.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'waystone' AND wait_event_type = 'Lock')`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Blackhole(t)
	if err := tx.Rollback(); err != nil { // the vanished client gets the lock
		t.Fatal(err)
	}
	other := open(t, postgres.Config{URL: pg.URL()})
	within, done := context.WithTimeout(t.Context(), 5*time.Second)
	defer done()
	if _, err := other.DeleteCharacter(within, c.ID, c.UserID); err != nil {
		t.Errorf("the same through another replica: %v", err)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the vanished client has an answer")
	}
}
