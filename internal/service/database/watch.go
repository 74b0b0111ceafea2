package database

import (
	"context"
	"time"

	"google.golang.org/grpc"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// maxSend is how long one message of a watch may take to be sent. The buffers
// of the transport hide a watcher that does not read for a short time.
const maxSend = 5 * time.Second

// Watch sends changes until the caller or the broker ends it.
func (s *Sessions) Watch(r *databasev1.WatchRequest, stream grpc.ServerStreamingServer[databasev1.WatchResponse]) error {
	s.broker.AwaitFirst(stream.Context())
	sub, err := s.broker.Subscribe(r.GetCursor())
	if err != nil {
		return err
	}
	defer sub.Close()
	out := newSender(stream)
	defer close(out.messages)
	for {
		batch, err := sub.Next(stream.Context())
		if err != nil {
			return err
		}
		if err := out.send(stream.Context(), s.broker.Closing(), batch); err != nil {
			return err
		}
	}
}

// sender sends in a goroutine of its own: if the other side's window blocks a
// Send, only the return of the RPC's handler ends it. The goroutine ends when
// messages is closed, or with the stream, which ends when the handler returns.
type sender struct {
	messages chan *databasev1.WatchResponse
	sent     chan error
}

func newSender(stream grpc.ServerStreamingServer[databasev1.WatchResponse]) *sender {
	s := &sender{messages: make(chan *databasev1.WatchResponse), sent: make(chan error, 1)}
	go func() {
		for m := range s.messages {
			s.sent <- stream.Send(m)
		}
	}()
	return s
}

func (s *sender) send(ctx context.Context, closing <-chan struct{}, batch watch.Batch) error {
	s.messages <- storepb.WatchPB(databasev1.WatchSignal(batch.Signal), batch.Cursor, batch.Events, batch.Lag)
	timer := time.NewTimer(maxSend)
	defer timer.Stop()
	select {
	case err := <-s.sent:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-closing:
		return store.ErrWatchClosed
	case <-timer.C:
		return store.ErrWatchTooSlow
	}
}
