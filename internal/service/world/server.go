package world

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/waystone-mmo/waystone/internal/errs"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// maxGatewayName is the longest name of a gateway, in bytes.
const maxGatewayName = 64

// heartbeat is how often the world sends Alive to a gateway, so that the gateway
// notices within seconds if the world stands still.
const heartbeat = time.Second

// errDone ends a stream whose gateway has ended it.
var errDone = errors.New("the gateway ended its stream")

// Connect serves one gateway.
func (w *World) Connect(rpc grpc.BidiStreamingServer[worldv1.ConnectRequest, worldv1.ConnectResponse]) error {
	first, err := rpc.Recv()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	hello := first.GetHello()
	if hello == nil {
		return errs.Invalid("message", "the first message must be Hello")
	}
	if n := len(hello.GetGateway()); n < 1 || n > maxGatewayName {
		return errs.Invalid("gateway", "must have 1 to 64 bytes")
	}
	s, err := w.open(rpc.Context(), hello.GetGateway(), rpc)
	if err != nil {
		return err
	}
	<-s.ctx.Done()
	w.mu.Lock()
	delete(w.streams, s)
	w.mu.Unlock()
	cause := context.Cause(s.ctx)
	w.log.Info("a gateway's stream ended", slog.String("gateway", s.gateway), slog.Any("cause", cause))
	if errors.Is(cause, errDone) {
		return nil
	}
	return cause
}

// open starts a stream with its two goroutines. They end when Connect returns,
// as that ends the RPC, and are waited for by Stop.
func (w *World) open(ctx context.Context, gateway string, rpc grpc.BidiStreamingServer[worldv1.ConnectRequest, worldv1.ConnectResponse]) (*stream, error) {
	s := &stream{
		gateway: gateway, world: w,
		queue:    make(chan *worldv1.ConnectResponse, w.config.StreamQueue),
		ended:    make(chan struct{}),
		sessions: map[uint64]*session{},
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending {
		s.cancel(ErrShutdown)
		return nil, ErrShutdown
	}
	w.streams[s] = struct{}{}
	w.log.Info("a gateway connected", slog.String("gateway", gateway))
	s.send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Welcome{
		Welcome: &worldv1.Welcome{Linger: durationpb.New(w.config.Linger), Heartbeat: durationpb.New(heartbeat), KeepsHotbars: true},
	}})
	w.serving.Go(func() { s.cancel(s.write(rpc)) })
	w.serving.Go(func() {
		s.cancel(w.read(s, rpc))
		w.abandon(s)
	})
	return s, nil
}

func (w *World) openStreams() []*stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]*stream, 0, len(w.streams))
	for s := range w.streams {
		all = append(all, s)
	}
	return all
}

// write sends queued messages until the stream ends, and returns why it ended.
func (s *stream) write(rpc grpc.BidiStreamingServer[worldv1.ConnectRequest, worldv1.ConnectResponse]) error {
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-alive.C:
			if err := rpc.Send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Alive{Alive: &worldv1.Alive{}}}); err != nil {
				return err
			}
		case m := <-s.queue:
			if err := rpc.Send(m); err != nil {
				return err
			}
		case <-s.ended:
			for {
				select {
				case m := <-s.queue:
					if err := rpc.Send(m); err != nil {
						return err
					}
				default:
					return ErrShutdown
				}
			}
		}
	}
}

// read handles the gateway's messages until the stream ends, and returns why it
// ended.
func (w *World) read(s *stream, rpc grpc.BidiStreamingServer[worldv1.ConnectRequest, worldv1.ConnectResponse]) error {
	for {
		m, err := rpc.Recv()
		if errors.Is(err, io.EOF) {
			return errDone
		}
		if err != nil {
			return err
		}
		if err := w.handle(s, m); err != nil {
			return err
		}
	}
}

// abandon lets the players of an ended stream stay in the world for the linger
// time.
func (w *World) abandon(s *stream) {
	s.joins.Wait()
	for number, p := range s.bound() {
		r := p.route.Load()
		if r == nil || r.stream != s || r.number != number {
			continue // has found another way, or left
		}
		// Without a deadline: the host always comes to it, or has stopped.
		_ = p.host.post(context.Background(), func() { p.host.lose(p, r) })
	}
}
