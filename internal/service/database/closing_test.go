package database_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc/health"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/tests/fakes/fakefeed"
)

// TestWhoWatchesIsToldThatANewcomerWaits, with every try: a watch that missed
// one hears of the next.
func TestWhoWatchesIsToldThatANewcomerWaits(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	broker, feed := watch.New(watch.Config{}), fakefeed.New(nil)
	feed.Attach(broker)
	feed.Connect()
	srv, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	database.Register(srv, db, broker)
	ln := rpc.Listen()
	var serving sync.WaitGroup
	serving.Go(func() { _ = srv.Serve(ln) })
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		srv.Stop()
		serving.Wait()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := databasev1.NewSessionServiceClient(cc).Watch(ctx, &databasev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if m := receive(t, s); m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_HERE {
		t.Fatalf("the first message is %v", m)
	}

	plays := remote.New(cc)
	play, err := plays.BeginPlay(t.Context(), store.NewPlay{UserID: "user"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := plays.BeginPlay(t.Context(), store.NewPlay{UserID: "user"}); !errors.Is(err, store.ErrPlayClosing) {
			t.Fatalf("a sign-in beside a living record: %v, want %v", err, store.ErrPlayClosing)
		}
		m := receive(t, s)
		if e := m.GetEvents(); len(e) != 1 || e[0].GetKind() != databasev1.WatchEventKind_WATCH_EVENT_KIND_PLAY_CLOSING || e[0].GetUserId() != "user" {
			t.Fatalf("told %v", m)
		}
	}
	// By then whoever asks is answered so.
	if got, err := plays.RenewPlays(t.Context(), []store.PlayRef{play.Ref()}); err != nil || got[0] == nil || !got[0].Closing {
		t.Errorf("the record is %+v, %v; want it closing", got, err)
	}
}
