package rpc

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// DefaultTimeout bounds a call whose context has no deadline.
const DefaultTimeout = 5 * time.Second

// ClientConfig is what a connection to another part is built from.
type ClientConfig struct {
	// Token is shown to the other part; empty for none.
	Token string
	// Options are added: discovery, balancing.
	Options []grpc.DialOption
}

// Dial returns a connection to another part. It connects on first use and
// reconnects automatically. Errors of calls are *errs.Error.
func Dial(target string, cfg ClientConfig) (*grpc.ClientConn, error) {
	c := client{token: cfg.Token}
	opts := append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(c.unary),
		grpc.WithChainStreamInterceptor(c.stream),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessageSize), grpc.MaxCallSendMsgSize(MaxMessageSize)),
	}, cfg.Options...)
	cc, err := grpc.NewClient(target, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", target, err)
	}
	return cc, nil
}

// Listener is an in-memory listener for parts that run in one process.
type Listener struct {
	*bufconn.Listener
	server *atomic.Pointer[Server] // that serves it now
}

// Listen returns an in-memory listener.
func Listen() Listener {
	return Listener{bufconn.Listen(256 << 10), new(atomic.Pointer[Server])}
}

// Dial returns a connection to the listener's server. Calls pass the same edge
// as calls over the network.
func (l Listener) Dial(cfg ClientConfig) (*grpc.ClientConn, error) {
	cfg.Options = append(cfg.Options, grpc.WithChainUnaryInterceptor(l.unary), grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return l.DialContext(ctx)
	}))
	return Dial("passthrough:///in-memory", cfg)
}

// InvokeEncoded makes a unary call, "/package.Service/Method", and returns the
// encoded reply, which the caller may keep and change. It is for callers that
// send the reply on without decoding it.
func InvokeEncoded(ctx context.Context, cc grpc.ClientConnInterface, method string, req proto.Message) ([]byte, error) {
	// A message without known fields keeps the bytes as they came.
	var reply emptypb.Empty
	if err := cc.Invoke(ctx, method, req, &reply, grpc.StaticMethod()); err != nil {
		return nil, err
	}
	return reply.ProtoReflect().GetUnknown(), nil
}

type client struct{ token string }

func (c client) outgoing(ctx context.Context) context.Context {
	if c.token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, tokenKey, c.token)
}

func (c client) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
	}
	return FromStatus(invoker(c.outgoing(ctx), method, req, reply, cc, opts...))
}

func (c client) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := streamer(c.outgoing(ctx), desc, cc, method, opts...)
	if err != nil {
		return nil, FromStatus(err)
	}
	return &mappedStream{s}, nil
}

type mappedStream struct{ grpc.ClientStream }

// RecvMsg receives a message; its error is an *errs.Error or io.EOF.
func (s *mappedStream) RecvMsg(m any) error { return FromStatus(s.ClientStream.RecvMsg(m)) }

// SendMsg sends a message; its error is an *errs.Error or io.EOF.
func (s *mappedStream) SendMsg(m any) error { return FromStatus(s.ClientStream.SendMsg(m)) }
