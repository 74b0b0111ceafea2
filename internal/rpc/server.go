package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// MaxMessageSize bounds a message in either direction, bytes.
const MaxMessageSize = 4 << 20

// tokenKey is the metadata key of a caller's token.
const tokenKey = "x-waystone-token"

// ServerConfig is what a server is built from.
type ServerConfig struct {
	Log     *slog.Logger
	Metrics *Metrics
	Health  grpc_health_v1.HealthServer
	Access  Access
	// Stopping is closed when the server is about to stop, and ends the streams
	// on which it only tells: whoever watches would keep it from stopping, and
	// watches elsewhere then. May be nil.
	Stopping <-chan struct{}
}

// Metrics counts calls. One value serves all servers of a process.
type Metrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

// NewMetrics registers the metrics of gRPC servers; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_rpc_calls_total", Help: "Calls answered, by method and code.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waystone_rpc_seconds", Help: "Time to answer a call.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method"}),
	}
	if reg != nil {
		reg.MustRegister(m.calls, m.seconds)
	}
	return m
}

func (m *Metrics) observe(method string, start time.Time, err error) {
	m.calls.WithLabelValues(method, status.Code(err).String()).Inc()
	m.seconds.WithLabelValues(method).Observe(time.Since(start).Seconds())
}

// NewServer returns a server with health and reflection registered.
func NewServer(cfg ServerConfig) (*grpc.Server, error) {
	v, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("build the validator: %w", err)
	}
	e := &edge{cfg: cfg, validator: v}
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(e.unary),
		grpc.ChainStreamInterceptor(e.stream),
		grpc.MaxRecvMsgSize(MaxMessageSize),
		grpc.MaxSendMsgSize(MaxMessageSize),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	)
	grpc_health_v1.RegisterHealthServer(s, cfg.Health)
	reflection.Register(s)
	return s, nil
}

// edge is the one interceptor: everything between the network and a handler.
type edge struct {
	cfg       ServerConfig
	validator protovalidate.Validator
}

func (e *edge) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	defer e.finish(ctx, info.FullMethod, time.Now(), &err)
	if err := e.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if err := validate(e.validator, req); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (e *edge) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx := ss.Context()
	defer e.finish(ctx, info.FullMethod, time.Now(), &err)
	if err := e.admit(ctx, info.FullMethod); err != nil {
		return err
	}
	vs := &validatedStream{ServerStream: ss, ctx: ctx, validator: e.validator}
	if !info.IsServerStream || info.IsClientStream {
		return handler(srv, vs)
	}
	var cancel context.CancelFunc
	vs.ctx, cancel = context.WithCancel(ctx)
	ended := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-e.cfg.Stopping:
			cancel()
		case <-ended:
		}
	}()
	defer func() {
		close(ended)
		<-watching
		if vs.ctx.Err() != nil && ctx.Err() == nil {
			err = errs.New(errs.Unavailable, "STOPPING", "the server is stopping")
		}
		cancel()
	}()
	return handler(srv, vs)
}

type validatedStream struct {
	grpc.ServerStream
	ctx       context.Context //nolint:containedctx // a stream is asked for its context
	validator protovalidate.Validator
}

// Context is the call's; it ends with the server where that must not wait.
func (s *validatedStream) Context() context.Context { return s.ctx }

// RecvMsg receives a message and holds it to the rules of its proto.
func (s *validatedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return validate(s.validator, m)
}

// finish is deferred by both interceptors: it turns a panic into an error, maps
// the error, and counts the call.
func (e *edge) finish(ctx context.Context, method string, start time.Time, err *error) {
	if r := recover(); r != nil {
		e.cfg.Log.ErrorContext(ctx, "panic in a handler", "method", method, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = errs.New(errs.Internal, "PANIC", "internal error")
	}
	*err = ToStatus(ctx, e.cfg.Log, method, *err)
	e.cfg.Metrics.observe(method, start, *err)
}

func (e *edge) admit(ctx context.Context, method string) error {
	var token string
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		if v := md.Get(tokenKey); len(v) == 1 {
			token = v[0]
		}
	}
	var addr net.Addr
	if p, ok := peer.FromContext(ctx); ok {
		addr = p.LocalAddr
		if addr == nil {
			addr = p.Addr
		}
	}
	return e.cfg.Access.check(method, token, IsLocal(addr))
}
