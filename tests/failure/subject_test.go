package failure

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/rueidis"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// maxConns is the size of the pool: smaller than the number of calls at once.
const maxConns = 8

// servers are what the database part stands on, and a way past it.
type servers struct {
	pg    *testenv.PrivatePostgres
	redis *testenv.PrivateRedis
	site  *sql.DB
}

func startServers(t *testing.T) *servers {
	t.Helper()
	s := &servers{pg: testenv.OwnPostgres(t), redis: testenv.OwnRedis(t)}
	pc, err := pgx.ParseConfig(s.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	pc.RuntimeParams["application_name"] = "test"
	pc.RuntimeParams["default_transaction_read_only"] = "off" // also while the server's is on
	s.site = stdlib.OpenDB(*pc)
	// A connection that a fault has ended is no use, and no fault of its own.
	s.site.SetMaxIdleConns(0)
	t.Cleanup(func() { _ = s.site.Close() })
	(&storetest.SQLWebsite{DB: s.site, Engine: "postgres"}).LoadFixtures(t)
	return s
}

// exec runs a statement as somebody else would.
func (s *servers) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.site.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// one reads the only row of a query.
func (s *servers) one(ctx context.Context, query string, args []any, targets ...any) error {
	return s.site.QueryRowContext(ctx, query, args...).Scan(targets...)
}

// redisDo calls Redis itself, past all proxies.
func (s *servers) redisDo(t *testing.T, f func(ctx context.Context, c rueidis.Client)) {
	t.Helper()
	option, err := rueidis.ParseURL(s.redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache, option.ForceSingleClient, option.PipelineMultiplex = true, true, -1
	option.ClientName = "test"
	c, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatalf("connect to redis: %v", err)
	}
	defer c.Close()
	f(t.Context(), c)
}

// subject is the database part that is called, in this process or in another.
type subject struct {
	*servers
	t               *testing.T
	postgres, cache *testenv.Proxy // nil in another process
	gate            *gate          // between postgres and the server
	running         atomic.Int64   // calls in the handlers of this process, watches left out
	dial            func() *grpc.ClientConn
	conn            *grpc.ClientConn
	process         *process // nil in this process

	mu     sync.Mutex
	called map[string]bool // full names of methods
}

// db is the contract over the connection there is now.
func (s *subject) db() *remote.Store { return remote.New(s.conn) }

// options have the methods noted that are called.
func (s *subject) options() []grpc.DialOption {
	note := func(method string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.called[method] = true
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			note(method)
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			note(method)
			return stream(ctx, desc, cc, method, opts...)
		}),
	}
}

// openSubject opens the database part in this process as internal/app does,
// with proxies before each server. Every cached read asks Redis.
func openSubject(t *testing.T, servers *servers) *subject {
	t.Helper()
	s := &subject{t: t, servers: servers, called: map[string]bool{}}
	s.gate = newGate(t, s.pg.Addr())
	s.postgres, s.cache = testenv.NewProxy(t, s.gate.ln.Addr().String()), testenv.NewProxy(t, s.redis.Addr())
	quiet := slog.New(slog.DiscardHandler)
	engine, err := postgres.Open(t.Context(), postgres.Config{URL: s.postgres.URL(t, s.pg.URL()), Migrate: true, MaxConns: maxConns})
	if err != nil {
		t.Fatal(err)
	}
	redis, err := rediscache.Open(t.Context(), s.cache.URL(t, s.redis.URL()), rediscache.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	key, err := engine.CacheKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cached.New(engine, cached.Config{Cache: redis, Key: key, TTL: time.Minute, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := rpc.NewServer(rpc.ServerConfig{Log: quiet, Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	broker := watch.New(watch.Config{})
	database.Register(counting{srv, &s.running}, cache, broker)
	ln, err := net.Listen("tcp", "127.0.0.1:0") // what ends a connection is part of the test
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { _ = srv.Serve(ln) })
	serving.Go(func() {
		if err := engine.Feed().Follow(ctx, store.Followers{cache, broker}); err != nil {
			t.Errorf("follow the feed: %v", err)
		}
	})
	s.dial = func() *grpc.ClientConn {
		cc, err := rpc.Dial(ln.Addr().String(), rpc.ClientConfig{Options: s.options()})
		if err != nil {
			t.Fatal(err)
		}
		return cc
	}
	s.conn = s.dial()
	t.Cleanup(func() {
		_ = s.conn.Close()
		broker.Close()
		srv.Stop()
		stop()
		serving.Wait()
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
		redis.Close()
	})
	return s
}

// counting counts the calls that are in their handlers.
type counting struct {
	grpc.ServiceRegistrar
	running *atomic.Int64
}

func (c counting) RegisterService(desc *grpc.ServiceDesc, impl any) {
	d := *desc
	d.Methods = slices.Clone(desc.Methods)
	for i := range d.Methods {
		handler := d.Methods[i].Handler
		d.Methods[i].Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			c.running.Add(1)
			defer c.running.Add(-1)
			return handler(srv, ctx, decode, interceptor)
		}
	}
	c.ServiceRegistrar.RegisterService(&d, impl)
}

// eventually polls what nothing signals, seldom enough to leave a busy machine
// to what is waited for.
func eventually(within time.Duration, cond func() bool) bool {
	deadline := time.Now().Add(within)
	for !cond() {
		if time.Now().After(deadline) {
			return false
		}
		<-time.After(50 * time.Millisecond)
	}
	return true
}
