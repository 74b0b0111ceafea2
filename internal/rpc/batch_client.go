package rpc

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Bounds of the streams that a Batch keeps.
const (
	// batchStreams is the number of streams. Each is on the replica whose turn
	// it was.
	batchStreams = 4
	// batchAge is about how long a stream is used, so that new replicas get their
	// share.
	batchAge = time.Minute
	// If a stream could not be opened, or broke, it is opened again after a
	// growing wait. If the other part does not know the stream, it is tried
	// again after batchUnknown.
	batchBackoffMin = 50 * time.Millisecond
	batchBackoffMax = 3 * time.Second
	batchUnknown    = time.Minute
)

// BatchConfig is what a Batch is built from.
type BatchConfig struct {
	// Method and Stream are "/package.Service/Method": a unary method that may be
	// called twice without harm, and the batch stream for it.
	Method, Stream string
	// Log gets a line if the other part refuses streams.
	Log *slog.Logger
	// Metrics counts the calls.
	Metrics *BatchMetrics
}

// BatchMetrics counts calls of methods that have a batch stream. One value is
// enough for a process.
type BatchMetrics struct{ ways *prometheus.CounterVec }

// NewBatchMetrics registers them; reg may be nil.
func NewBatchMetrics(reg prometheus.Registerer) *BatchMetrics {
	m := &BatchMetrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_batch_calls_total", Help: "Calls of methods that have a stream for many, by method and way: stream, or call for one made by itself.",
	}, []string{"method", "way"})}
	if reg != nil {
		reg.MustRegister(m.ways)
	}
	return m
}

// Batch makes calls of a unary method over a few streams that carry many calls
// each. Calls that come while a message is being sent go together in the next
// message. No call waits for others to join it. If there is no stream, because
// the other part does not know it, cannot be reached or is about to stop, the
// call is made as a normal unary call. A Batch must be closed with Close.
type Batch struct {
	cfg    BatchConfig
	cc     grpc.ClientConnInterface
	lanes  []*batchLane
	turn   atomic.Uint32
	stop   context.CancelFunc
	all    sync.WaitGroup
	waits  sync.Pool          // of *batchWait
	joined prometheus.Counter // calls over a stream
	single prometheus.Counter // normal unary calls
}

// NewBatch returns a Batch over a connection, which must map errors as those of
// Dial do. The caller still has to close the connection. Streams are opened
// when they are needed.
func NewBatch(cc grpc.ClientConnInterface, cfg BatchConfig) *Batch {
	ctx, stop := context.WithCancel(context.Background())
	b := &Batch{cfg: cfg, cc: cc, stop: stop, waits: sync.Pool{New: newBatchWait}}
	b.joined, b.single = cfg.Metrics.ways.WithLabelValues(cfg.Method, "stream"), cfg.Metrics.ways.WithLabelValues(cfg.Method, "call")
	for range batchStreams {
		l := &batchLane{batch: b, wanted: make(chan struct{}, 1)}
		b.lanes = append(b.lanes, l)
		b.all.Go(func() { l.run(ctx) })
	}
	return b
}

// Close ends the streams. Calls in progress are made again as normal unary
// calls.
func (b *Batch) Close() {
	b.stop()
	b.all.Wait()
}

// Call calls the method and returns its encoded reply, which the caller may
// keep and change. The errors are those of the method. Without a deadline it
// takes at most DefaultTimeout.
func (b *Batch) Call(ctx context.Context, req proto.Message) ([]byte, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(DefaultTimeout)
	}
	if s := b.stream(); s != nil && ctx.Err() == nil {
		// If the request cannot be encoded, the unary call below returns the
		// error.
		if encoded, err := proto.Marshal(req); err == nil && len(encoded) < maxBatchBytes {
			out := s.call(ctx, encoded, deadline, bounded)
			if !out.again {
				b.joined.Inc()
				return out.reply, out.err
			}
		}
	}
	b.single.Inc()
	if !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	return InvokeEncoded(ctx, b.cc, b.cfg.Method, req)
}

// stream returns an open stream, and nil if there is none. The lanes take
// turns. A lane without a stream is told to open one.
func (b *Batch) stream() *batchStream {
	first := b.turn.Add(1)
	for i := range uint32(len(b.lanes)) { //nolint:gosec // a few
		l := b.lanes[(first+i)%uint32(len(b.lanes))] //nolint:gosec // a few
		if s := l.open.Load(); s != nil {
			return s
		}
		select {
		case l.wanted <- struct{}{}:
		default:
		}
	}
	return nil
}

// batchLane keeps one stream open for as long as there are calls.
type batchLane struct {
	batch  *Batch
	open   atomic.Pointer[batchStream] // nil for none
	wanted chan struct{}               // a call found no open stream
}

func (l *batchLane) run(ctx context.Context) {
	backoff := batchBackoffMin
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wanted:
		}
		began := time.Now()
		err := l.keep(ctx)
		if err == nil {
			backoff = batchBackoffMin
			continue
		}
		if time.Since(began) > batchBackoffMax {
			backoff = batchBackoffMin
		}
		wait := backoff
		backoff = min(2*backoff, batchBackoffMax)
		if errs.KindOf(err) != errs.Unavailable && ctx.Err() == nil {
			wait = batchUnknown
			l.batch.cfg.Log.WarnContext(ctx, "a stream for many calls was refused: they are made one by one, which is slower; is the other part older?",
				"stream", l.batch.cfg.Stream, "again_in", wait.String(), "cause", err.Error())
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2)) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

var errBatchGoing = errs.New(errs.Unavailable, "STOPPING", "the other part is about to stop")

// keep opens a stream and keeps it open. It returns nil when the stream is old,
// and an error when the stream has ended or the other part is about to stop.
func (l *batchLane) keep(ctx context.Context) error {
	s, err := l.batch.openStream(ctx)
	if err != nil {
		return err
	}
	l.open.Store(s)
	old := time.NewTimer(batchAge*3/4 + rand.N(batchAge/2)) //nolint:gosec // no secret
	defer old.Stop()
	select {
	case <-s.ended:
		err = s.cause
	case <-s.going:
		err = errBatchGoing
	case <-old.C:
	}
	l.open.Store(nil)
	s.retire()
	return err
}
