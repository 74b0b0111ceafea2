package database_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/fakefeed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests of watches.
const patience = time.Minute

// replica is a database part whose feed is a script.
type replica struct {
	feed   *fakefeed.Feed
	broker *watch.Broker
	server *rpc.Server
	client databasev1.SessionServiceClient
	counts *prometheus.Registry
}

// watchers is how many the replica counts.
func (r *replica) watchers(t *testing.T) float64 {
	t.Helper()
	families, err := r.counts.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "waystone_watch_watchers" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("watchers are not counted")
	return 0
}

// serveScript starts one on a TCP port, with every interceptor of production.
func serveScript(t *testing.T) *replica {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{feed: fakefeed.New(nil), counts: prometheus.NewRegistry()}
	r.broker = watch.New(watch.Config{Metrics: r.counts})
	r.server, err = rpc.NewServer(rpc.ServerConfig{
		Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer(),
	})
	if err != nil {
		t.Fatal(err)
	}
	database.Register(r.server, nil, r.broker)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.server.Serve(ln) })
	wg.Go(func() { _ = r.feed.Follow(ctx, r.broker) })
	// Windows of a fixed size: else the transport may grow them until they hold
	// all that a watcher does not read.
	cc, err := rpc.Dial("passthrough:///"+ln.Addr().String(), rpc.ClientConfig{Options: []grpc.DialOption{
		grpc.WithInitialWindowSize(1 << 16), grpc.WithInitialConnWindowSize(1 << 16),
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.client = databasev1.NewSessionServiceClient(cc)
	r.feed.Connect()
	stop := r.feed.ConfirmEvery(50 * time.Millisecond)
	t.Cleanup(func() {
		_ = cc.Close()
		r.server.Stop()
		stop()
		cancel()
		wg.Wait()
	})
	return r
}

type stream = grpc.ServerStreamingClient[databasev1.WatchResponse]

func (r *replica) watch(t *testing.T, cursor []byte) stream {
	t.Helper()
	s, err := r.client.Watch(bounded(t), &databasev1.WatchRequest{Cursor: cursor})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bounded ends what waits on a watch for longer than patience. It has no
// deadline, as the server would be told that, and watches have none.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(patience, func() {
		t.Errorf("a watch has been waited for, or was open, for longer than %v", patience)
		cancel()
	})
	t.Cleanup(func() {
		timer.Stop()
		cancel()
	})
	return ctx
}

// within fails when f, which what names, takes longer than patience.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
}

// receive takes the next message that is no heartbeat.
func receive(t *testing.T, s stream) *databasev1.WatchResponse {
	t.Helper()
	for {
		m, err := s.Recv()
		if err != nil {
			t.Fatalf("wait for a message of the watch: %v", err)
		}
		if m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_HEARTBEAT {
			return m
		}
	}
}

// here opens a watch that is in place.
func (r *replica) here(t *testing.T) stream {
	t.Helper()
	s := r.watch(t, nil)
	if m := receive(t, s); m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_HERE || len(m.GetCursor()) == 0 {
		t.Fatalf("the first message is %v", m)
	}
	return s
}

// failure reads a watch to its end.
func failure(t *testing.T, s stream) error {
	t.Helper()
	for {
		if _, err := s.Recv(); err != nil {
			return err
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	r := serveScript(t)
	s := r.here(t)
	until := time.Unix(2_000_000_000, 5_000_000)
	r.feed.Commit(
		store.Change{Table: store.TableUser, Op: store.OpUpdate, ID: "u", Banned: true, BanExpiresAt: until},
		store.Change{Table: store.TableSession, Op: store.OpUpdate, ID: "s", UserID: "u", ExpiresAt: until},
	)
	m := receive(t, s)
	if m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_EVENTS || len(m.GetEvents()) != 2 || m.GetLag() == nil {
		t.Fatalf("got %v", m)
	}
	ban, session := m.GetEvents()[0], m.GetEvents()[1]
	if ban.GetKind() != databasev1.WatchEventKind_WATCH_EVENT_KIND_USER_BANNED || ban.GetUserId() != "u" || ban.GetSessionId() != "" ||
		!ban.GetBanned() || !ban.GetBanExpiresAt().AsTime().Equal(until) || ban.GetExpiresAt() != nil {
		t.Errorf("the ban is %v", ban)
	}
	if session.GetKind() != databasev1.WatchEventKind_WATCH_EVENT_KIND_SESSION_CHANGED || session.GetUserId() != "u" || session.GetSessionId() != "s" ||
		session.GetBanned() || session.GetBanExpiresAt() != nil || !session.GetExpiresAt().AsTime().Equal(until) {
		t.Errorf("the session is %v", session)
	}
	cursor := m.GetCursor()
	r.feed.Commit(store.Change{Table: store.TableSession, Op: store.OpDelete, ID: "s"})
	receive(t, s)

	again := r.watch(t, cursor)
	if m := receive(t, again); m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_HERE {
		t.Errorf("with the cursor of the same replica: %v", m)
	}
	if m := receive(t, again); len(m.GetEvents()) != 1 || m.GetEvents()[0].GetSessionId() != "s" {
		t.Errorf("what came since is %v", m)
	}
	if m := receive(t, serveScript(t).watch(t, cursor)); m.GetSignal() != databasev1.WatchSignal_WATCH_SIGNAL_RESYNC {
		t.Errorf("with the cursor of another replica: %v", m)
	}
}

func TestWatchRefusesMalformedCursors(t *testing.T) {
	t.Parallel()
	r := serveScript(t)
	for _, cursor := range []string{"\x01", strings.Repeat("\x02", 65)} {
		err := failure(t, r.watch(t, []byte(cursor)))
		if errs.KindOf(err) != errs.InvalidArgument || errs.Of(err).Field != "cursor" {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}

func TestWatchSaysThatTheFeedIsLost(t *testing.T) {
	t.Parallel()
	r := serveScript(t)
	s := r.here(t)
	r.feed.Lose(errors.New("the host of the database is 10.0.0.1"))
	for name, err := range map[string]error{"an open watch": failure(t, s), "a new one": failure(t, r.watch(t, nil))} {
		if !errors.Is(err, store.ErrFeedUnavailable) || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWatchesEndBeforeTheServer: a stop in good order waits for all calls, and
// watches last for ever.
func TestWatchesEndBeforeTheServer(t *testing.T) {
	t.Parallel()
	r := serveScript(t)
	s := r.here(t)
	blocked := r.here(t) // its client does not read
	block(t, r)
	within(t, "the broker closes", r.broker.Close)
	if err := failure(t, s); !errors.Is(err, store.ErrWatchClosed) {
		t.Errorf("a watch ended with %v", err)
	}
	if err := failure(t, blocked); !errors.Is(err, store.ErrWatchClosed) {
		t.Errorf("a watch that was not read ended with %v", err)
	}
	within(t, "the server stops", r.server.GracefulStop)
}

// flood is how many events block has told.
const flood = 1000

// block has more events told than the buffers of the transport hold.
func block(t *testing.T, r *replica) {
	t.Helper()
	id := strings.Repeat("x", 500)
	within(t, "the feed takes the flood", func() {
		for i := range flood {
			r.feed.Commit(store.Change{Table: store.TableSession, Op: store.OpDelete, ID: id + strconv.Itoa(i)})
		}
	})
}

// TestASlowWatcherIsCutOff: it does not hold up the feed or others, and goes on
// with its cursor without having missed anything.
func TestASlowWatcherIsCutOff(t *testing.T) {
	t.Parallel()
	r := serveScript(t)
	quick, slow := r.here(t), r.here(t)
	var heard sync.WaitGroup
	heard.Go(func() {
		for seen := 0; seen < flood; {
			m, err := quick.Recv()
			if err != nil {
				t.Errorf("the quick watcher heard %d of %d events, then %v", seen, flood, err)
				return
			}
			seen += len(m.GetEvents())
		}
	})
	began := time.Now()
	block(t, r)
	within(t, "the quick watcher hears everything", heard.Wait)
	// What waited for the slow one waited until it was cut off.
	if n := r.watchers(t); n != 2 {
		t.Fatalf("%v watchers, want 2: the feed and the quick one were held up", n)
	}
	// The slow one reads again once it has been cut off. Nothing tells it that
	// before it reads, so the server's count of watchers is polled.
	for poll := time.Tick(20 * time.Millisecond); r.watchers(t) == 2; <-poll {
		if time.Since(began) > patience {
			t.Fatal("the slow watcher is not cut off")
		}
	}
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("it was cut off after %v already", took)
	}
	var cursor []byte
	var err error
	seen := 0
	for err == nil {
		var m *databasev1.WatchResponse
		if m, err = slow.Recv(); err == nil {
			cursor = m.GetCursor()
			seen += len(m.GetEvents())
		}
	}
	if !errors.Is(err, store.ErrWatchTooSlow) {
		t.Fatalf("the slow watch ended with %v", err)
	}
	if seen == 0 || seen == flood {
		t.Fatalf("%d of %d events came before the cut: nothing was tested", seen, flood)
	}
	s := r.watch(t, cursor)
	receive(t, s) // here
	for seen < flood {
		for _, e := range receive(t, s).GetEvents() {
			if want := strconv.Itoa(seen); e.GetSessionId()[500:] != want {
				t.Fatalf("event %s, want %s", e.GetSessionId()[500:], want)
			}
			seen++
		}
	}
}

// TestManyWatchersAtOnce: all hear all, in order, while others come and go.
func TestManyWatchersAtOnce(t *testing.T) {
	t.Parallel()
	const watchers, events = 40, 300
	r := serveScript(t)
	streams := make([]stream, watchers)
	for i := range streams {
		streams[i] = r.here(t)
	}
	ctx := bounded(t)
	var wg sync.WaitGroup
	for i, s := range streams {
		wg.Go(func() {
			var cursor []byte
			for seen := 0; seen < events; {
				m, err := s.Recv()
				if err != nil {
					t.Errorf("watcher %d: %v", i, err)
					return
				}
				cursor = m.GetCursor()
				for _, e := range m.GetEvents() {
					if e.GetSessionId() != strconv.Itoa(seen) {
						t.Errorf("watcher %d heard %s, want %d", i, e.GetSessionId(), seen)
						return
					}
					seen++
				}
				if i%2 == 0 && seen < events && len(m.GetEvents()) > 0 { // cut, and come back
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					if s, err = r.client.Watch(ctx, &databasev1.WatchRequest{Cursor: cursor}); err != nil {
						t.Errorf("watcher %d: %v", i, err)
						return
					}
				}
			}
		})
	}
	within(t, "the feed takes all changes", func() {
		for i := range events {
			r.feed.Commit(store.Change{Table: store.TableSession, Op: store.OpDelete, ID: strconv.Itoa(i)})
		}
	})
	wg.Wait()
}
