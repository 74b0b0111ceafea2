package remote_test

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/health"

	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// TestStore: the contract over gRPC, with every interceptor, is the contract
// of the engine behind it.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		Open: openRemote,
		Skip: map[string]string{
			"closed": "closing the client's side does not close the store, which is the database part's",
		},
	})
}

func BenchmarkStore(b *testing.B) { storetest.Bench(b, openRemote) }

func openRemote(t testing.TB) storetest.Env {
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
	srv, err := rpc.NewServer(rpc.ServerConfig{
		Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer(),
	})
	if err != nil {
		t.Fatal(err)
	}
	database.Register(srv, engine, watch.New(watch.Config{}))
	ln := rpc.Listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln)
	}()
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		srv.Stop()
		<-done
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return storetest.Env{Engine: "sqlite", Store: remote.New(cc), Purger: engine, Clock: clock, Website: website}
}
