package remote_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/balance"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, testenv.ProxyLeftovers()...) }

// gated holds the loads of sessions whose token begins with "gated".
type gated struct {
	store.Engine
	arrived chan struct{} // gets a value for each
	open    chan struct{}
	now     atomic.Int64 // held
}

func (g *gated) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	if strings.HasPrefix(token, "gated") {
		g.now.Add(1)
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-ctx.Done():
		}
	}
	return g.Engine.ReadSession(ctx, token)
}

// backing is a cached store that any number of replicas serve.
type backing struct {
	*gated
	served *cached.Store
}

// Tokens of the rows that a backing has.
const (
	warmToken    = "token-of-the-living"
	expiredToken = "token-of-the-expired"
	bannedToken  = "token-of-the-banned"
)

func newBacking(t *testing.T) *backing {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waystone.db")
	engine, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	website := &storetest.SQLWebsite{DB: db, Engine: "sqlite"}
	var ids []string
	for _, name := range []string{"ada", "bea"} {
		u, err := engine.CreateUser(t.Context(), store.NewUser{Username: name, Name: name, Email: name + "@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	if err := engine.SetBan(t.Context(), ids[1], store.Ban{Banned: true, Reason: "No reason"}); err != nil {
		t.Fatal(err)
	}
	website.AddSession(t, "s1", warmToken, ids[0], time.Now().Add(time.Hour))
	website.AddSession(t, "s2", expiredToken, ids[0], time.Now().Add(-time.Hour))
	website.AddSession(t, "s3", bannedToken, ids[1], time.Now().Add(time.Hour))

	g := &gated{Engine: engine, arrived: make(chan struct{}, 4096), open: make(chan struct{})}
	served, err := cached.New(g, cached.Config{NearBytes: 1 << 20, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var fed sync.WaitGroup
	fed.Go(func() { _ = engine.Feed().Follow(ctx, served) })
	t.Cleanup(func() {
		g.let()
		stop()
		fed.Wait()
		if err := served.Close(); err != nil {
			t.Error(err)
		}
	})
	return &backing{gated: g, served: served}
}

// replicaOf is a database part on a TCP port.
type replicaOf struct {
	addr     string
	server   *rpc.Server
	stopping chan struct{}
	serving  sync.WaitGroup
}

// listen serves a backing on an address, behind everything that stands there in
// production.
func (b *backing) listen(t *testing.T, addr string) *replicaOf {
	t.Helper()
	return listen(t, addr, func(s grpc.ServiceRegistrar) { database.Register(s, b.served, watch.New(watch.Config{})) })
}

func listen(t *testing.T, addr string, register func(grpc.ServiceRegistrar)) *replicaOf {
	t.Helper()
	r := &replicaOf{stopping: make(chan struct{})}
	var err error
	r.server, err = rpc.NewServer(rpc.ServerConfig{
		Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer(), Stopping: r.stopping,
	})
	if err != nil {
		t.Fatal(err)
	}
	register(r.server)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	r.serving.Go(func() { _ = r.server.Serve(ln) })
	t.Cleanup(r.kill)
	return r
}

// stop ends a replica in good order, as the part does.
func (r *replicaOf) stop() {
	close(r.stopping)
	r.server.GracefulStop()
	r.serving.Wait()
}

// kill cuts a replica off.
func (r *replicaOf) kill() {
	r.server.Stop()
	r.serving.Wait()
}

// caller is a store over TCP, with streams, and one without.
type caller struct {
	*remote.Store
	plain  *remote.Store
	cc     *grpc.ClientConn
	counts *prometheus.Registry
}

// call connects to replicas as the parts do.
func call(t *testing.T, addrs ...string) *caller {
	t.Helper()
	target, err := discovery.Parse(strings.Join(addrs, ","))
	if err != nil {
		t.Fatal(err)
	}
	opts, err := balance.DialOptions(balance.Config{
		Idempotent: []string{"waystone.database.v1.SessionService/GetSession"}, NoHealthCheck: len(addrs) == 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	cc, err := rpc.Dial(target.String(), rpc.ClientConfig{Options: append(target.DialOptions(), opts...)})
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{remote.New(cc), remote.New(cc), cc, prometheus.NewRegistry()}
	c.BatchLookups(slog.New(slog.DiscardHandler), rpc.NewBatchMetrics(c.counts))
	t.Cleanup(func() {
		_ = c.Close()
		_ = cc.Close()
	})
	return c
}

// streamed is how many look-ups went over a stream.
func (c *caller) streamed(t *testing.T) float64 {
	t.Helper()
	families, err := c.counts.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].GetMetric() {
		if slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == "stream" }) {
			return m.GetCounter().GetValue()
		}
	}
	t.Fatal("look-ups are not counted")
	return 0
}

// open asks until every stream is open: many in a row went over one.
func (c *caller) open(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for row, before := 0, c.streamed(t); row < 16; {
		if time.Now().After(deadline) {
			t.Fatal("no look-up goes over a stream")
		}
		_, _ = c.EncodedSession(t.Context(), warmToken, store.Cached) // a part may be away yet
		if n := c.streamed(t); n > before {
			row, before = row+1, n
		} else {
			row = 0
		}
	}
}

func (c *caller) wantLiving(t *testing.T, ctx context.Context) {
	t.Helper()
	b, err := c.EncodedSession(ctx, warmToken, store.Cached)
	if err != nil {
		t.Error(err)
		return
	}
	var m databasev1.GetSessionResponse
	if err := proto.Unmarshal(b, &m); err != nil || m.GetSession().GetId() != "s1" || m.GetUser().GetUsername() != "ada" {
		t.Errorf("a living session is answered with %v, %v", &m, err)
	}
}

func (g *gated) let() {
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

func (g *gated) await(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for i := range n {
		select {
		case <-g.arrived:
		case <-timeout:
			t.Fatalf("%d of %d loads have begun", i, n)
		}
	}
}
