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
	pg := website(t, "postgres_schema.sql")
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
