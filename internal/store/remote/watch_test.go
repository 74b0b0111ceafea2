package remote_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/tests/fakes/fakefeed"
)

// listener is a handler that passes on what it is told.
type listener struct {
	told chan string
	fail func() error // the result of Resync; nil for success
}

func newListener() *listener { return &listener{told: make(chan string, 100)} }

func (l *listener) Resync(context.Context) error {
	l.told <- "resync"
	if l.fail != nil {
		return l.fail()
	}
	return nil
}

func (l *listener) Events(events []store.Event) {
	for _, e := range events {
		l.told <- fmt.Sprintf("event %d %s", e.Kind, e.SessionID)
	}
}

func (l *listener) Interrupted(cause error) { l.told <- "interrupted: " + reason(cause) }
func (l *listener) Resumed()                { l.told <- "resumed" }

func reason(err error) string {
	for _, e := range []error{store.ErrFeedUnavailable, store.ErrWatchClosed, errCheck} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return err.Error()
}

var errCheck = errors.New("the check failed")

// want asserts what the handler is told next.
func (l *listener) want(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-l.told; got != w {
			t.Fatalf("told %q, want %q", got, w)
		}
	}
}

// front is a SessionService that passes each watch on to the replica that is
// its turn.
type front struct {
	databasev1.UnimplementedSessionServiceServer
	mu   sync.Mutex
	turn func(*databasev1.WatchRequest, grpc.ServerStreamingServer[databasev1.WatchResponse]) error
	seen []string // the cursors of the requests
}

func (f *front) Watch(r *databasev1.WatchRequest, s grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
	f.mu.Lock()
	f.seen = append(f.seen, string(r.GetCursor()))
	turn := f.turn
	f.mu.Unlock()
	return turn(r, s)
}

func (f *front) take(turn func(*databasev1.WatchRequest, grpc.ServerStreamingServer[databasev1.WatchResponse]) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn = turn
}

func (f *front) cursors() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.seen...)
}

// replica is what a database part has of a watch: a scripted feed that is
// connected and confirms, and its broker.
func replica(t *testing.T) (*fakefeed.Feed, *watch.Broker) {
	t.Helper()
	b := watch.New(watch.Config{})
	t.Cleanup(b.Close)
	feed := fakefeed.New(nil)
	feed.Attach(b)
	feed.Connect()
	t.Cleanup(feed.ConfirmEvery(50 * time.Millisecond))
	return feed, b
}

// serve puts services on a server in memory and returns a store that calls it.
func serve(t *testing.T, register func(grpc.ServiceRegistrar)) *remote.Store {
	t.Helper()
	srv, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	register(srv)
	ln := rpc.Listen()
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) })
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		srv.Stop()
		wg.Wait()
	})
	return remote.New(cc)
}

// start watches until the test ends, which must be what ends it.
func start(t *testing.T, s *remote.Store, l *listener) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

func revoke(id string) store.Change {
	return store.Change{Table: store.TableSession, Op: store.OpDelete, ID: id}
}

// through serves a watch from a broker, as a replica of the database part does.
func through(t *testing.T, b *watch.Broker) func(*databasev1.WatchRequest, grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
	t.Helper()
	var r registrar
	database.Register(&r, nil, b)
	return r.sessions.Watch
}

// registrar picks the service that the tests put behind a front.
type registrar struct {
	sessions databasev1.SessionServiceServer
}

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, impl any) {
	if s, ok := impl.(databasev1.SessionServiceServer); ok {
		r.sessions = s
	}
}

// TestWatch: first a check, then events; over cuts and replicas without a loss.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed, b := replica(t)
		f := &front{}
		cut := make(chan struct{})
		whole := through(t, b)
		f.take(func(r *databasev1.WatchRequest, s grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
			done := make(chan error, 1)
			go func() { done <- whole(r, s) }()
			select {
			case <-cut:
				return store.ErrUnavailable
			case err := <-done:
				return err
			}
		})
		l := newListener()
		start(t, serve(t, func(r grpc.ServiceRegistrar) { databasev1.RegisterSessionServiceServer(r, f) }), l)
		l.want(t, "resync")
		feed.Commit(revoke("1"))
		l.want(t, "event 3 1")

		cut <- struct{}{} // the same replica, later
		l.want(t, "interrupted: "+store.ErrUnavailable.Error())
		feed.Commit(revoke("2"))
		l.want(t, "resumed", "event 3 2")

		feed2, b2 := replica(t) // another replica
		f.take(through(t, b2))
		cut <- struct{}{}
		l.want(t, "interrupted: "+store.ErrUnavailable.Error(), "resync")
		feed2.Commit(revoke("3"))
		l.want(t, "event 3 3")

		feed2.Lose(errors.New("gone"))
		l.want(t, "interrupted: "+store.ErrFeedUnavailable.Error())
		time.Sleep(time.Minute) // told once, however often it is refused
		feed2.Connect()
		l.want(t, "resync")

		b2.Close()
		l.want(t, "interrupted: "+store.ErrWatchClosed.Error())
	})
}

// TestACheckThatFailsIsAskedForAgain: and until it succeeds no cursor is kept,
// so that no cut can make the watch go on without it.
func TestACheckThatFailsIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b := replica(t)
		f := &front{}
		f.take(through(t, b))
		l := newListener()
		failures := 2
		l.fail = func() error {
			if failures--; failures >= 0 {
				return errCheck
			}
			return nil
		}
		start(t, serve(t, func(r grpc.ServiceRegistrar) { databasev1.RegisterSessionServiceServer(r, f) }), l)
		failed := "interrupted: " + errCheck.Error()
		l.want(t, "resync", failed, "resync", failed, "resync")
		if diff := cmp.Diff([]string{"", "", ""}, f.cursors()); diff != "" {
			t.Errorf("cursors asked for (-want +got):\n%s", diff)
		}
	})
}

// TestASilentWatchIsDead: what hears nothing, not even a heartbeat, is left.
func TestASilentWatchIsDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &front{}
		f.take(func(_ *databasev1.WatchRequest, s grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
			if err := s.Send(&databasev1.WatchResponse{Signal: databasev1.WatchSignal_WATCH_SIGNAL_HERE, Cursor: []byte("c1")}); err != nil {
				return err
			}
			<-s.Context().Done()
			return s.Context().Err()
		})
		l := newListener()
		start(t, serve(t, func(r grpc.ServiceRegistrar) { databasev1.RegisterSessionServiceServer(r, f) }), l)
		l.want(t, "resync")
		began := time.Now()
		l.want(t, "interrupted: "+store.ErrFeedUnavailable.Error())
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("it was left after %v", took)
		}
		l.want(t, "resumed")
		if diff := cmp.Diff([]string{"", "c1"}, f.cursors()); diff != "" {
			t.Errorf("cursors asked for (-want +got):\n%s", diff)
		}
	})
}

// TestWhatANewerReplicaSaysIsPassedOver: signals and kinds that are not known.
func TestWhatANewerReplicaSaysIsPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &front{}
		f.take(func(_ *databasev1.WatchRequest, s grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
			for _, m := range []*databasev1.WatchResponse{
				{Signal: databasev1.WatchSignal_WATCH_SIGNAL_HERE, Cursor: []byte("c1")},
				{Signal: 99, Cursor: []byte("c2")},
				{Signal: databasev1.WatchSignal_WATCH_SIGNAL_EVENTS, Cursor: []byte("c3"), Events: []*databasev1.WatchEvent{
					{Kind: 99, SessionId: "new"}, {SessionId: "none"},
					{Kind: databasev1.WatchEventKind_WATCH_EVENT_KIND_SESSION_REVOKED, SessionId: "known"},
				}},
			} {
				if err := s.Send(m); err != nil {
					return err
				}
			}
			<-s.Context().Done()
			return s.Context().Err()
		})
		l := newListener()
		start(t, serve(t, func(r grpc.ServiceRegistrar) { databasev1.RegisterSessionServiceServer(r, f) }), l)
		l.want(t, "resync", "event 3 known")
	})
}
