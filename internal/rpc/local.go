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

// Serve serves a listener as grpc's own Serve does. On an in-memory listener,
// callers reach unary methods without the connection while it is open. On any
// other listener, connections are bounded.
func (s *Server) Serve(ln net.Listener) error {
	if l, ok := ln.(Listener); ok {
		l.server.Store(s)
		defer l.server.CompareAndSwap(s, nil) // also if the server was stopped before it served
		return s.Server.Serve(ln)
	}
	return s.Server.Serve(boundedListener{ln, s.conns})
}

// Close closes the listener. Calls in progress go on.
func (l Listener) Close() error {
	l.server.Store(nil)
	return l.Listener.Close()
}

// local is a unary method as callers in the same process reach it.
type local struct {
	impl    any
	handler grpc.MethodHandler // with the edge around it
}

// unary calls the method on the caller's own goroutine. The call passes the
// edge, and the messages are encoded and decoded, as on a connection: so each
// side has its own messages, and what could not be sent over a network fails
// here too. Framing, flow control and the change of goroutines are saved, which
// is most of the cost of a call. Unlike on a connection, a caller whose
// deadline has passed waits until the handler notices that.
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

// plain reports whether a call has only those options that every call has.
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

// encode encodes a message. It returns an error if the message is too large for
// a connection.
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

// incoming returns the context of the handler: the caller's outgoing metadata
// becomes the incoming metadata, and the peer is this process.
func (l Listener) incoming(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	ctx = metadata.NewIncomingContext(ctx, md)
	ctx = metadata.NewOutgoingContext(ctx, nil)
	return peer.NewContext(ctx, &peer.Peer{Addr: l.Addr(), LocalAddr: l.Addr()})
}
