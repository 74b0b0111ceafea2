package rpc

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// Serve serves a listener as grpc's own Serve does. Callers on an in-memory one
// reach unary methods without the connection for as long as it is open; those on
// any other are bounded.
func (s *Server) Serve(ln net.Listener) error {
	if l, ok := ln.(Listener); ok {
		l.server.Store(s)
		defer l.server.CompareAndSwap(s, nil) // also of a server that was stopped before it served
		return s.Server.Serve(ln)
	}
	return s.Server.Serve(boundedListener{ln, s.conns})
}

// Close closes the listener; calls under way go on.
func (l Listener) Close() error {
	l.server.Store(nil)
	return l.Listener.Close()
}

// local is a unary method as callers in the same process reach it.
type local struct {
	impl    any
	handler grpc.MethodHandler // with the edge around it
}

// unary calls the method on the caller's own goroutine. The edge is passed, and
// the messages are encoded and decoded, as on a connection: both sides have
// their own, and what could not cross a network does not cross here. Framing,
// flow control and the change of goroutines are saved, which is most of a call.
// Unlike on a connection, a caller whose time is over waits for the handler to
// notice.
func (l Listener) unary(ctx context.Context, name string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	s := l.server.Load()
	if s == nil || !plain(opts) {
		return invoker(ctx, name, req, reply, cc, opts...)
	}
	m, ok := s.locals[name]
	if !ok {
		return invoker(ctx, name, req, reply, cc, opts...)
	}
	if err := ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	c := encoding.GetCodecV2("proto")
	in, err := encode(c, req)
	if err != nil {
		return err
	}
	defer in.Free()
	resp, err := m.handler(m.impl, l.incoming(ctx), func(v any) error { return s.codec.Unmarshal(in, v) }, nil)
	if err != nil {
		return err
	}
	out, err := encode(s.codec, resp)
	if err != nil {
		return err
	}
	defer out.Free()
	if err := c.Unmarshal(out, reply); err != nil {
		return status.Errorf(codes.Internal, "decode the reply of %s: %v", name, err)
	}
	return nil
}

// plain reports whether a call has no options but those that every call has.
func plain(opts []grpc.CallOption) bool {
	for _, o := range opts {
		switch o.(type) {
		case grpc.StaticMethodCallOption, grpc.MaxRecvMsgSizeCallOption, grpc.MaxSendMsgSizeCallOption:
		default:
			return false
		}
	}
	return true
}

// encode encodes a message that is no larger than a connection takes.
func encode(c encoding.CodecV2, v any) (mem.BufferSlice, error) {
	b, err := c.Marshal(v)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "encode a message: %v", err)
	}
	if n := b.Len(); n > MaxMessageSize {
		b.Free()
		return nil, status.Errorf(codes.ResourceExhausted, "a message of %d bytes is larger than %d", n, MaxMessageSize)
	}
	return b, nil
}

// incoming is the context of the handler: what the caller sends along has
// become what came in, and the caller is in this process.
func (l Listener) incoming(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	ctx = metadata.NewIncomingContext(ctx, md)
	ctx = metadata.NewOutgoingContext(ctx, nil)
	return peer.NewContext(ctx, &peer.Peer{Addr: l.Addr(), LocalAddr: l.Addr()})
}
