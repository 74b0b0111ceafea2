package consistency

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/health"

	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// sabotage takes a part of the protection away, to show that the checker finds
// what is then wrong.
type sabotage int

// What can be taken away; 0 is nothing.
const (
	// noSnapshots has every value claim to have seen everything.
	noSnapshots sabotage = iota + 1
	// noFeed has the feed confirm and tell nothing.
	noFeed
	// noEviction lets the writes of a replica pass its cache by.
	noEviction
)

// replica is the database part as its callers see it: the contract over gRPC,
// behind it the cache, Redis and PostgreSQL.
type replica struct {
	*remote.Store
	cache *cached.Store
}

type replicaConfig struct {
	postgres, redis string
	near            uint64
	ttl             time.Duration
	migrate         bool
	sabotage        sabotage
	feed            postgres.FeedMode
}

func openReplica(t testing.TB, cfg replicaConfig) *replica {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := postgres.Open(t.Context(), postgres.Config{URL: cfg.postgres, Migrate: cfg.migrate, MaxConns: 8, Feed: cfg.feed})
	if err != nil {
		t.Fatal(err)
	}
	redis, err := rediscache.Open(t.Context(), cfg.redis, rediscache.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	var inner store.Engine = engine
	if cfg.sabotage == noSnapshots {
		inner = allSeeing{engine}
	}
	key, err := engine.CacheKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cached.New(inner, cached.Config{NearBytes: cfg.near, Cache: redis, Key: key, TTL: cfg.ttl, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	var follower store.Follower = cache
	if cfg.sabotage == noFeed {
		follower = deaf{cache}
	}
	var served store.Store = cache
	if cfg.sabotage == noEviction {
		served = writesPassBy{cache, engine}
	}
	srv, err := rpc.NewServer(rpc.ServerConfig{Log: quiet, Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	database.Register(srv, served, watch.New(watch.Config{}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = srv.Serve(ln) })
	running.Go(func() {
		if err := engine.Feed().Follow(ctx, follower); err != nil {
			t.Errorf("follow the feed: %v", err)
		}
	})
	cc, err := rpc.Dial(ln.Addr().String(), rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		srv.Stop()
		stop()
		running.Wait()
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
		redis.Close()
	})
	return &replica{remote.New(cc), cache}
}

// allSeeing is an engine whose reads claim to have seen everything.
type allSeeing struct{ store.Engine }

func everything() store.Snapshot { return store.Snapshot{Xmin: 1 << 50, Xmax: 1 << 50} }

func (e allSeeing) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	u, _, err := e.Engine.ReadUser(ctx, by, value)
	return u, everything(), err
}

func (e allSeeing) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	s, u, _, err := e.Engine.ReadSession(ctx, token)
	return s, u, everything(), err
}

func (e allSeeing) ReadCharacter(ctx context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	c, _, err := e.Engine.ReadCharacter(ctx, id)
	return c, everything(), err
}

func (e allSeeing) ReadCharacters(ctx context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	l, _, err := e.Engine.ReadCharacters(ctx, userID)
	return l, everything(), err
}

// deaf hears that the feed goes on, and nothing of what it tells.
type deaf struct{ store.Follower }

func (deaf) Changed([]store.Change) {}

// writesPassBy sends the writes of characters straight to the engine.
type writesPassBy struct {
	store.Store
	engine store.Store
}

func (w writesPassBy) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	return w.engine.SaveCharacters(ctx, saves)
}
