package rpc_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	_ "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	_ "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

type users struct {
	databasev1.UnimplementedUserServiceServer
	databasev1.UnimplementedAuthStoreServiceServer
	databasev1.UnimplementedSessionServiceServer
}

func (users) GetUser(_ context.Context, r *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	if r.GetUserId() == "panic" {
		panic("as asked")
	}
	return &databasev1.GetUserResponse{User: &databasev1.User{Id: r.GetUserId()}}, nil
}

func (users) EndPlay(context.Context, *databasev1.EndPlayRequest) (*databasev1.EndPlayResponse, error) {
	return &databasev1.EndPlayResponse{}, nil
}

// start serves users on ln.
func start(t *testing.T, ln net.Listener, access rpc.Access) {
	t.Helper()
	serve(t, ln, access, users{})
}

func serve(t *testing.T, ln net.Listener, access rpc.Access, u databasev1.UserServiceServer) *rpc.Server {
	t.Helper()
	s, err := rpc.NewServer(rpc.ServerConfig{
		Log: discard(), Metrics: rpc.NewMetrics(nil), Health: health.NewServer(), Access: access,
	})
	if err != nil {
		t.Fatal(err)
	}
	databasev1.RegisterUserServiceServer(s, u)
	databasev1.RegisterAuthStoreServiceServer(s, users{})
	databasev1.RegisterSessionServiceServer(s, users{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return s
}

func inMemory(t *testing.T, access rpc.Access, token string) *grpc.ClientConn {
	t.Helper()
	ln := rpc.Listen()
	start(t, ln, access)
	cc, err := ln.Dial(rpc.ClientConfig{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func TestRequestsAreValidated(t *testing.T) {
	c := databasev1.NewUserServiceClient(inMemory(t, rpc.Access{}, ""))
	if _, err := c.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", strings.Repeat("x", 129), "a\x00b"} {
		_, err := c.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: id})
		e := errs.Of(err)
		if e == nil || e.Kind != errs.InvalidArgument || e.Field != "user_id" {
			t.Errorf("id %q: %v", id, err)
			continue
		}
		if id != "" && strings.Contains(e.Msg, id) {
			t.Errorf("the message repeats the value: %q", e.Msg)
		}
	}
}

func TestAPanicIsOneCallsError(t *testing.T) {
	c := databasev1.NewUserServiceClient(inMemory(t, rpc.Access{}, ""))
	_, err := c.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "panic"})
	if errs.KindOf(err) != errs.Internal || strings.Contains(err.Error(), "as asked") {
		t.Errorf("a panic came back as %v", err)
	}
	if _, err := c.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
		t.Errorf("the server is gone after a panic: %v", err)
	}
}

func endPlay(t *testing.T, cc *grpc.ClientConn) error {
	t.Helper()
	_, err := databasev1.NewAuthStoreServiceClient(cc).EndPlay(t.Context(), &databasev1.EndPlayRequest{
		Play: &databasev1.PlayRef{PlayId: "p", Generation: 1},
	})
	return err
}

func TestCallersAreKnownByTheirTokens(t *testing.T) {
	tokens, err := rpc.ParseTokens([]string{"auth:0123456789abcdef", "packet:fedcba9876543210", "auth:the-token-to-come"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		tokens rpc.Tokens
		token  string
		ok     bool
	}{
		"no tokens, in memory": {nil, "", true},
		"the right caller":     {tokens, "0123456789abcdef", true},
		"its other token":      {tokens, "the-token-to-come", true},
		"another caller":       {tokens, "fedcba9876543210", false},
		"no token":             {tokens, "", false},
		"a token nobody has":   {tokens, "0123456789abcdeX", false},
	} {
		t.Run(name, func(t *testing.T) {
			cc := inMemory(t, rpc.Access{Tokens: c.tokens}, c.token)
			err := endPlay(t, cc)
			if c.ok != (err == nil) || err != nil && errs.KindOf(err) != errs.Unauthenticated {
				t.Errorf("an internal method answers %v", err)
			}
			if _, err := databasev1.NewUserServiceClient(cc).GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
				t.Errorf("an open method answers %v", err)
			}
			if _, err := grpc_health_v1.NewHealthClient(cc).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Errorf("health answers %v", err)
			}
		})
	}
}

// remoteListener makes its connections look as if they came from, or arrived
// at, other addresses.
type remoteListener struct {
	net.Listener
	peer, own net.Addr // nil: as it is
}

type remoteConn struct {
	net.Conn
	l remoteListener
}

func (c remoteConn) LocalAddr() net.Addr {
	if c.l.own != nil {
		return c.l.own
	}
	return c.Conn.LocalAddr()
}

func (c remoteConn) RemoteAddr() net.Addr {
	if c.l.peer != nil {
		return c.l.peer
	}
	return c.Conn.RemoteAddr()
}

func (l remoteListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return remoteConn{c, l}, nil
}

// TestBeyondLoopbackInternalMethodsNeedTokens: both ends have to be loopback. A
// packet from elsewhere can be routed to 127.0.0.1.
func TestBeyondLoopbackInternalMethodsNeedTokens(t *testing.T) {
	elsewhere := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50052}
	for name, l := range map[string]remoteListener{
		"an address that others reach": {own: elsewhere},
		"a peer elsewhere":             {peer: elsewhere},
		"both":                         {own: elsewhere, peer: elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l.Listener = ln
			start(t, l, rpc.Access{})
			cc, err := rpc.Dial("passthrough:///"+ln.Addr().String(), rpc.ClientConfig{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cc.Close() })
			err = endPlay(t, cc)
			if errs.KindOf(err) != errs.Unauthenticated || !strings.Contains(errs.Of(err).Msg, "SERVICE_TOKENS") {
				t.Errorf("an internal method answers %v", err)
			}
			if _, err := databasev1.NewUserServiceClient(cc).GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
				t.Errorf("an open method answers %v", err)
			}
		})
	}
}

// TestWatchIsForPartsAlone: the other methods of its service are for anyone.
func TestWatchIsForPartsAlone(t *testing.T) {
	tokens, err := rpc.ParseTokens([]string{"auth:0123456789abcdef", "character:fedcba9876543210"})
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]errs.Kind{"0123456789abcdef": errs.Internal, "fedcba9876543210": errs.Unauthenticated, "": errs.Unauthenticated} {
		c := databasev1.NewSessionServiceClient(inMemory(t, rpc.Access{Tokens: tokens}, token))
		s, err := c.Watch(t.Context(), &databasev1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		// The server of this test has no Watch: a caller that is admitted gets the
		// error that says so.
		if _, err := s.Recv(); errs.KindOf(err) != want {
			t.Errorf("token %q: %v", token, err)
		}
		if _, err := c.CheckSessions(t.Context(), &databasev1.CheckSessionsRequest{}); errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("token %q, another method: %v", token, err)
		}
	}
}

// TestTheFirstTokenIsShown: a caller with two tokens shows the first one.
func TestTheFirstTokenIsShown(t *testing.T) {
	tokens, err := rpc.ParseTokens([]string{"auth:0123456789abcdef", "packet:fedcba9876543210", "auth:the-token-to-come"})
	if err != nil || tokens.Own("auth") != "0123456789abcdef" || tokens.Own("world") != "" {
		t.Errorf("auth shows %q, world %q, %v", tokens.Own("auth"), tokens.Own("world"), err)
	}
}

func TestParseTokensRefuses(t *testing.T) {
	const token = "0123456789abcdef"
	for _, c := range []struct {
		items []string
		want  string
	}{
		{[]string{"auth"}, "name:token"},
		{[]string{"auth:"}, "auth a token of 16"},
		{[]string{"auth:short"}, "auth a token of 16"},
		{[]string{"auth:" + token[1:]}, "auth a token of 16"},
		{[]string{"nobody:" + token}, "entry 1 begins with another"},
		{[]string{" auth:" + token}, "entry 1 begins with another"},
		{[]string{"auth: " + token}, "auth a token of visible ASCII"},
		{[]string{"auth:" + token + "\n"}, "auth a token of visible ASCII"},
		{[]string{"auth:" + token + "é"}, "auth a token of visible ASCII"},
		{[]string{"auth:" + token, "auth:" + token + "2", "auth:" + token + "3"}, "auth is there three times"},
		{[]string{"auth:" + token, "auth:" + token}, "auth two different tokens"},
		{[]string{"auth:" + token, "packet:other" + token, "website:" + token}, "auth and website have the same"},
	} {
		_, err := rpc.ParseTokens(c.items)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v, want %q", c.items, err, c.want)
		}
	}
}

func TestEveryRPCHasAccessLevel(t *testing.T) {
	n := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "waystone.") {
			return true
		}
		for i := range f.Services().Len() {
			n++
			if _, ok := rpc.Callers(string(f.Services().Get(i).FullName())); !ok {
				t.Errorf("%s has no row in internal/rpc/access.go", f.Services().Get(i).FullName())
			}
		}
		return true
	})
	if n < 7 {
		t.Errorf("only %d services found", n)
	}
}

// TestReflectionAnswers: streams pass the edge too, and what is registered
// through it is still seen by tools.
func TestReflectionAnswers(t *testing.T) {
	stream, err := reflectionv1.NewServerReflectionClient(inMemory(t, rpc.Access{}, "")).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	resp, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range resp.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for _, want := range []string{"grpc.health.v1.Health", "waystone.database.v1.UserService"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not in %v", want, names)
		}
	}
}

func TestCallsAreCountedByMethodAndCode(t *testing.T) {
	reg := prometheus.NewRegistry()
	ln := rpc.Listen()
	s, err := rpc.NewServer(rpc.ServerConfig{Log: discard(), Metrics: rpc.NewMetrics(reg), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	databasev1.RegisterUserServiceServer(s, users{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	c := databasev1.NewUserServiceClient(cc)
	for _, id := range []string{"u", "u", "", "panic"} {
		_, _ = c.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: id}) // what comes back is looked at elsewhere
	}
	_ = cc.Invoke(t.Context(), databasev1.UserService_GetUser_FullMethodName, []byte("\xff"), new(struct{}), grpc.ForceCodecV2(raw{}))
	_ = cc.Close()
	s.Stop() // a call is counted before it ends
	<-done
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetLabel()[len(m.GetLabel())-1].GetValue() == databasev1.UserService_GetUser_FullMethodName {
				if f.GetName() == "waystone_rpc_seconds" {
					got["seconds"] = float64(m.GetHistogram().GetSampleCount())
				} else {
					got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
				}
			}
		}
	}
	want := map[string]float64{"OK": 2, "InvalidArgument": 2, "Internal": 1, "seconds": 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls counted (-want +got):\n%s", diff)
	}
}
