package database_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// A store with encoded records answers as one without, behind the edge and
// behind any other server, also with an interceptor.
func TestEncodedReadsAnswerAsTheOthers(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := cached.New(db, cached.Config{NearBytes: 1 << 20, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = encoded.Close() })
	feeding, stop := context.WithCancel(t.Context())
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		_ = db.Feed().Follow(feeding, encoded)
	}()
	t.Cleanup(func() {
		stop()
		<-fed
	})
	u, err := db.CreateUser(t.Context(), store.NewUser{Username: "ada", Name: "Ada", Email: "ada@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.CreateCharacter(t.Context(), store.NewCharacter{UserID: u.ID, Name: "Hero", Key: "k", State: store.CharacterState{Level: 3}})
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan string, 100)
	count := grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		called <- info.FullMethod
		return handler(ctx, req)
	})
	plain := serveReads(t, edge(t), db)
	others := map[string]*grpc.ClientConn{
		"edge": serveReads(t, edge(t), encoded), "bare": serveReads(t, grpc.NewServer(), encoded), "intercepted": serveReads(t, grpc.NewServer(count), encoded),
	}
	for _, ask := range []struct {
		method        string
		request       proto.Message
		reply, reply2 proto.Message
	}{
		{databasev1.UserService_GetUser_FullMethodName, &databasev1.GetUserRequest{UserId: u.ID}, &databasev1.GetUserResponse{}, &databasev1.GetUserResponse{}},
		{databasev1.UserService_GetUser_FullMethodName, &databasev1.GetUserRequest{UserId: u.ID, Consistency: databasev1.Consistency_CONSISTENCY_FRESH}, &databasev1.GetUserResponse{}, &databasev1.GetUserResponse{}},
		{databasev1.UserService_GetUser_FullMethodName, &databasev1.GetUserRequest{UserId: "nobody"}, &databasev1.GetUserResponse{}, &databasev1.GetUserResponse{}},
		{databasev1.CharacterDbService_GetCharacter_FullMethodName, &databasev1.GetCharacterRequest{CharacterId: c.ID.String()}, &databasev1.GetCharacterResponse{}, &databasev1.GetCharacterResponse{}},
		{databasev1.CharacterDbService_GetCharacter_FullMethodName, &databasev1.GetCharacterRequest{CharacterId: "99"}, &databasev1.GetCharacterResponse{}, &databasev1.GetCharacterResponse{}},
		{databasev1.CharacterDbService_GetCharacter_FullMethodName, &databasev1.GetCharacterRequest{CharacterId: "4294967296"}, &databasev1.GetCharacterResponse{}, &databasev1.GetCharacterResponse{}},
		{databasev1.SessionService_GetSession_FullMethodName, &databasev1.GetSessionRequest{Token: "no such token."}, &databasev1.GetSessionResponse{}, &databasev1.GetSessionResponse{}},
		{databasev1.SessionService_GetSession_FullMethodName, &databasev1.GetSessionRequest{Token: "unknown"}, &databasev1.GetSessionResponse{}, &databasev1.GetSessionResponse{}},
	} {
		want := plain.Invoke(t.Context(), ask.method, ask.request, ask.reply)
		for name, cc := range others {
			got := cc.Invoke(t.Context(), ask.method, ask.request, ask.reply2)
			if (got == nil) != (want == nil) || name == "edge" && status.Code(got) != status.Code(want) {
				t.Errorf("%s %s(%v): got %v, want %v", name, ask.method, ask.request, got, want)
			}
			if got == nil && !proto.Equal(ask.reply, ask.reply2) {
				t.Errorf("%s %s(%v): got %v, want %v", name, ask.method, ask.request, ask.reply2, ask.reply)
			}
			if got == nil && len(ask.reply2.ProtoReflect().GetUnknown()) > 0 {
				t.Errorf("%s %s: the client got fields that it does not know", name, ask.method)
			}
		}
	}
	if len(called) != 8 {
		t.Errorf("the interceptor saw %d calls", len(called))
	}
}

func edge(t *testing.T) *rpc.Server {
	t.Helper()
	s, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serveReads serves a store and returns a plain connection to it.
func serveReads(t *testing.T, s interface {
	grpc.ServiceRegistrar
	Serve(net.Listener) error
	Stop()
}, of store.Store) *grpc.ClientConn {
	t.Helper()
	database.Register(s, of, watch.New(watch.Config{}))
	ln := bufconn.Listen(64 << 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	cc, err := grpc.NewClient("passthrough:///reads", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return ln.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		s.Stop()
		<-done
	})
	return cc
}
