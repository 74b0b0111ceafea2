package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// method is one method of a server with everything between the network and its
// handler. It is used instead of interceptors, because an interceptor gets a
// decoded request and never sees an error of decoding.
type method struct {
	name      string // "/package.Service/Method"
	log       *slog.Logger
	validator protovalidate.Validator
	quick     quickRules // of the request, if isQuick
	isQuick   bool
	guard     guard
	metrics   methodMetrics
	stopping  <-chan struct{}  // of the server
	locals    map[string]local // of the server
	codec     codec
}

// unary puts the edge around a unary handler as protoc-gen-go-grpc makes it.
func (m *method) unary(handler grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (resp any, err error) {
		start := time.Now()
		defer m.finish(ctx, start, &err)
		if err := m.admit(ctx, start); err != nil {
			return nil, err
		}
		return handler(srv, ctx, func(req any) error { return m.receive(decode, req) }, nil)
	}
}

// early serves a unary method as grpc serves streams. It is for methods that not
// everybody may call: grpc reads a unary request before the handler can refuse
// the call, but the handler of a stream reads its messages itself. On the wire
// the two are the same.
func early(handler grpc.MethodHandler) grpc.StreamHandler {
	return func(srv any, ss grpc.ServerStream) error {
		resp, err := handler(srv, ss.Context(), func(req any) error {
			err := ss.RecvMsg(req)
			if errors.Is(err, io.EOF) {
				return errs.New(errs.InvalidArgument, "MALFORMED_REQUEST", "the call has no request")
			}
			return err
		}, nil)
		if err != nil {
			return err
		}
		return ss.SendMsg(resp)
	}
}

// stream puts the edge around a handler of streams.
func (m *method) stream(d grpc.StreamDesc) grpc.StreamHandler {
	tells := d.ServerStreams && !d.ClientStreams
	return func(srv any, ss grpc.ServerStream) (err error) {
		start := time.Now()
		defer m.finish(ss.Context(), start, &err)
		if err := m.admit(ss.Context(), start); err != nil {
			return err
		}
		gs := &guardedStream{ServerStream: ss, ctx: ss.Context(), method: m}
		if !tells || m.stopping == nil {
			return d.Handler(srv, gs)
		}
		return m.untilStopping(gs, func() error { return d.Handler(srv, gs) })
	}
}

// errStopping ends the streams of a server that is about to stop.
var errStopping = errs.New(errs.Unavailable, "STOPPING", "the server is stopping")

// untilStopping serves a stream that would not end by itself. It ends the
// stream when the server is about to stop.
func (m *method) untilStopping(s *guardedStream, serve func() error) (err error) {
	ctx := s.ctx
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithCancel(ctx)
	ended, watching := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-m.stopping:
			cancel()
		case <-ended:
		}
	}()
	defer func() {
		close(ended)
		<-watching
		if s.ctx.Err() != nil && ctx.Err() == nil {
			err = errStopping
		}
		cancel()
	}()
	return serve()
}

type guardedStream struct {
	grpc.ServerStream
	ctx    context.Context //nolint:containedctx // a stream is asked for its context
	method *method
}

// Context is the context of the call. If the server must not wait for the
// stream, it also ends when the server is about to stop.
func (s *guardedStream) Context() context.Context { return s.ctx }

// RecvMsg receives a message and validates it by the rules of its proto.
func (s *guardedStream) RecvMsg(msg any) error {
	return s.method.receive(s.ServerStream.RecvMsg, msg)
}

// receive decodes a message and validates it by the rules of its proto.
func (m *method) receive(decode func(any) error, msg any) error {
	e := envelope{message: msg}
	if err := decode(&e); err != nil {
		return err
	}
	if e.fault != nil {
		return e.fault
	}
	if m.isQuick {
		if p, ok := msg.(proto.Message); ok && m.quick.pass(p.ProtoReflect()) {
			return nil
		}
	}
	return validate(m.validator, msg)
}

// admit returns an error if a call may not go on. A call whose deadline has
// already passed may not, because nobody waits for the answer.
func (m *method) admit(ctx context.Context, now time.Time) error {
	if deadline, ok := ctx.Deadline(); ok && !now.Before(deadline) {
		return context.DeadlineExceeded
	}
	if m.guard.open {
		return nil
	}
	return m.guard.check(token(ctx), isLocal(ctx))
}

// finish is deferred: it turns a panic into an error, maps the error, and
// counts the call.
func (m *method) finish(ctx context.Context, start time.Time, err *error) {
	if r := recover(); r != nil {
		m.log.ErrorContext(ctx, "panic in a handler", "method", m.name, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = errs.New(errs.Internal, "PANIC", "internal error")
	}
	*err = ToStatus(ctx, m.log, m.name, *err)
	m.metrics.observe(start, *err)
}

// token returns the token that the caller shows, "" for none.
func token(ctx context.Context) string {
	if v := metadata.ValueFromIncomingContext(ctx, tokenKey); len(v) == 1 {
		return v[0]
	}
	return ""
}

// isLocal reports whether a call came over loopback or an in-memory listener.
// Both ends are checked: a packet from another machine can be routed to
// 127.0.0.1, and a call from this machine can use an address that others reach
// too.
func isLocal(ctx context.Context) bool {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return false
	}
	return IsLocal(p.Addr) && (p.LocalAddr == nil || IsLocal(p.LocalAddr))
}

// IsLocal reports whether an address is loopback or an in-memory listener.
func IsLocal(addr net.Addr) bool {
	switch a := addr.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case nil:
		return false
	default:
		return a.Network() == "bufconn"
	}
}
