package remote

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Bounds of a watch.
const (
	// watchSilence is how long a watch may be silent; three heartbeats.
	watchSilence    = 15 * time.Second
	watchBackoffMin = 50 * time.Millisecond
	watchBackoffMax = 3 * time.Second
)

var (
	_ store.Watcher = (*Store)(nil)

	errSilent = errors.New("the watch was silent for 15 s")
	errEnded  = errors.New("the watch ended")
)

// Watch implements store.Watcher. Each stream goes to the replica that the
// connection's balancing chooses.
func (s *Store) Watch(ctx context.Context, h store.WatchHandler) error {
	w := &watcher{client: s.sessions, handler: h, hears: true}
	backoff := watchBackoffMin
	for {
		began := time.Now()
		err := w.stream(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if w.hears { // reported once, even if the next attempts fail too
			w.hears = false
			h.Interrupted(err)
		}
		if time.Since(began) > watchBackoffMax {
			backoff = watchBackoffMin
		}
		// The waits are random: when a replica ends, many watches end together.
		timer := time.NewTimer(backoff/2 + rand.N(backoff/2)) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		backoff = min(2*backoff, watchBackoffMax)
	}
}

// watcher is one call of Watch.
type watcher struct {
	client  databasev1.SessionServiceClient
	handler store.WatchHandler
	// cursor is that of the last handled message; nil if the handler has to
	// check everything it holds.
	cursor []byte
	// hears is false from Interrupted to Resync or Resumed.
	hears bool
}

// stream follows one stream to its end and returns why it ended.
func (w *watcher) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(watchSilence, func() { cancel(errSilent) })
	defer silence.Stop()
	stream, err := w.client.Watch(ctx, &databasev1.WatchRequest{Cursor: w.cursor})
	for err == nil {
		var m *databasev1.WatchResponse
		if m, err = stream.Recv(); err == nil {
			silence.Stop() // the time of the handler does not count
			err = w.handle(ctx, m)
			silence.Reset(watchSilence)
		}
	}
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return store.ErrFeedUnavailable.Wrap(errSilent)
	case errors.Is(err, io.EOF):
		return errEnded
	default:
		return err
	}
}

func (w *watcher) handle(ctx context.Context, m *databasev1.WatchResponse) error {
	switch m.GetSignal() {
	case databasev1.WatchSignal_WATCH_SIGNAL_HERE:
		if w.cursor == nil {
			return w.resync(ctx, m.GetCursor())
		}
		if !w.hears {
			w.hears = true
			w.handler.Resumed()
		}
	case databasev1.WatchSignal_WATCH_SIGNAL_RESYNC:
		return w.resync(ctx, m.GetCursor())
	case databasev1.WatchSignal_WATCH_SIGNAL_EVENTS:
		if events := storepb.Events(m); len(events) > 0 {
			w.handler.Events(events)
		}
	case databasev1.WatchSignal_WATCH_SIGNAL_HEARTBEAT:
	default:
		return nil // from a newer replica
	}
	w.cursor = m.GetCursor()
	return nil
}

// resync lets the handler check everything it holds. Until that is done, there
// is no cursor.
func (w *watcher) resync(ctx context.Context, cursor []byte) error {
	w.cursor, w.hears = nil, true
	if err := w.handler.Resync(ctx); err != nil {
		return err
	}
	w.cursor = cursor
	return nil
}
