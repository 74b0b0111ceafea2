package remote_test

import (
	"log/slog"
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
		Open: openers(t),
		Skip: map[string]string{
			"closed": "closing the client's side does not close the store, which is the database part's",
		},
	})
}

func BenchmarkStore(b *testing.B) { storetest.Bench(b, openers(b)) }

// openers returns what opens a Store for each test below t, over an SQLite file.
func openers(t testing.TB) func(testing.TB) storetest.Env {
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
		return openRemote(t, path, website)
	}
}

func openRemote(t testing.TB, path string, website storetest.Website) storetest.Env {
	t.Helper()
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
