package rpc

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

type readyUsers struct {
	databasev1.UnimplementedUserServiceServer
	resp *databasev1.GetUserResponse
}

func (u readyUsers) GetUser(context.Context, *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	return u.resp, nil
}

// handlers returns what a call of the two costs behind the edge, and without
// it; the network and grpc are in neither.
func handlers(t testing.TB) (edged, bare map[string]func() error) {
	t.Helper()
	s, err := NewServer(ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	users := readyUsers{resp: &databasev1.GetUserResponse{User: &databasev1.User{Id: "u"}}}
	inner := encoding.GetCodecV2("proto")
	edged, bare = map[string]func() error{}, map[string]func() error{}
	for name, c := range map[string]struct {
		req proto.Message
		srv any
	}{
		"HealthCheck": {&grpc_health_v1.HealthCheckRequest{}, health.NewServer()},
		"GetUser":     {&databasev1.GetUserRequest{UserId: "Gwp9WNys4GldOpYGzgyjMIaJ1hMO5MPD"}, users},
	} {
		data, err := proto.Marshal(c.req)
		if err != nil {
			t.Fatal(err)
		}
		slice := mem.BufferSlice{mem.SliceBuffer(data)}
		desc, d := &databasev1.UserService_ServiceDesc, databasev1.UserService_ServiceDesc.Methods[0]
		if name == "HealthCheck" {
			desc, d = &grpc_health_v1.Health_ServiceDesc, grpc_health_v1.Health_ServiceDesc.Methods[0]
		}
		handler := s.method(desc, d.MethodName).unary(d.Handler)
		edged[name] = func() error {
			_, err := handler(c.srv, ctx, func(v any) error { return newCodec().Unmarshal(slice, v) }, nil)
			return err
		}
		bare[name] = func() error {
			_, err := d.Handler(c.srv, ctx, func(v any) error { return inner.Unmarshal(slice, v) }, nil)
			return err
		}
	}
	return edged, bare
}

// TestALateCallIsNotAdmitted: one whose deadline is now is late.
func TestALateCallIsNotAdmitted(t *testing.T) {
	t.Parallel()
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	m := &method{guard: guard{open: true}}
	for after, want := range map[time.Duration]error{
		-time.Nanosecond: nil, 0: context.DeadlineExceeded, time.Nanosecond: context.DeadlineExceeded,
	} {
		if err := m.admit(ctx, deadline.Add(after)); !errors.Is(err, want) {
			t.Errorf("%v after its deadline: %v, want %v", after, err, want)
		}
	}
	if err := m.admit(t.Context(), deadline); err != nil {
		t.Errorf("without a deadline: %v", err)
	}
}

// TestACallerWithTwoTokensHasNone: which of them counts would be a guess.
func TestACallerWithTwoTokensHasNone(t *testing.T) {
	t.Parallel()
	for want, md := range map[string]metadata.MD{
		"one": metadata.Pairs(tokenKey, "one"),
		"":    metadata.Pairs(tokenKey, "one", tokenKey, "two"),
	} {
		if got := token(metadata.NewIncomingContext(t.Context(), md)); got != want {
			t.Errorf("the token of %v is %q, want %q", md, got, want)
		}
	}
}

// TestTheEndOfAStreamHasItsReason: a stop is the reason only for a stream that
// its caller still wants.
func TestTheEndOfAStreamHasItsReason(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	stopping := make(chan struct{})
	close(stopping)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		gone     bool // the caller
		stopping chan struct{}
		serve    func(context.Context) error
		want     error
	}{
		"the caller has gone":             {true, make(chan struct{}), context.Context.Err, context.Canceled},
		"the caller has gone at the stop": {true, stopping, context.Context.Err, context.Canceled},
		"it ends by itself":               {false, make(chan struct{}), func(context.Context) error { return broken }, broken},
		"the server stops":                {false, stopping, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, errStopping},
	} {
		ctx := t.Context()
		if c.gone {
			ctx = gone
		}
		s := &guardedStream{ctx: ctx}
		if err := (&method{stopping: c.stopping}).untilStopping(s, func() error { return c.serve(s.Context()) }); !errors.Is(err, c.want) {
			t.Errorf("%s: it ends with %v, want %v", name, err, c.want)
		}
	}
}

// BenchmarkEdge measures what the edge adds to a call.
func BenchmarkEdge(b *testing.B) {
	edged, bare := handlers(b)
	for _, name := range []string{"HealthCheck", "GetUser"} {
		for kind, calls := range map[string]map[string]func() error{"edge": edged, "bare": bare} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := calls[name](); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestTheEdgeAllocatesLittle: what the edge adds to every call is one
// validation and the way through the decoder.
func TestTheEdgeAllocatesLittle(t *testing.T) {
	edged, bare := handlers(t)
	for name, call := range edged {
		added := allocations(t, call) - allocations(t, bare[name])
		if added > 2 {
			t.Errorf("%s: the edge adds %v allocations to a call, at most 2 are known of", name, added)
		}
	}
}

func allocations(t *testing.T, call func() error) float64 {
	t.Helper()
	return testing.AllocsPerRun(1000, func() {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	})
}
