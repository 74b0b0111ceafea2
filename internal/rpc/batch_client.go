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
	// batchStreams is how many there are, each on the replica that was its turn.
	batchStreams = 4
	// batchAge is about how long a stream is used, so that replicas that come get
	// their share.
	batchAge = time.Minute
	// A stream that could not be opened, or broke, is tried again after a wait
	// that grows; one that the other part does not know, after batchUnknown.
	batchBackoffMin = 50 * time.Millisecond
	batchBackoffMax = 3 * time.Second
	batchUnknown    = time.Minute
)

// BatchConfig is what a Batch is built from.
type BatchConfig struct {
	// Method and Stream are "/package.Service/Method": a unary method that may be
	// called twice without harm, and the batch stream for it.
	Method, Stream string
	// Log is told when the other part refuses streams.
	Log *slog.Logger
	// Metrics counts the calls.
	Metrics *BatchMetrics
}

// BatchMetrics counts calls of methods that have a batch stream. One value
// serves all of a process.
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
// each: what comes while a message is being sent goes out together in the next
// one, and nothing waits for company. Where there is no stream, because the
// other part knows none, cannot be reached or is about to stop, a call is made
// by itself as if there were no Batch. It needs Close.
type Batch struct {
	cfg    BatchConfig
	cc     grpc.ClientConnInterface
	lanes  []*batchLane
	turn   atomic.Uint32
	stop   context.CancelFunc
	all    sync.WaitGroup
	waits  sync.Pool          // of *batchWait
	joined prometheus.Counter // calls over a stream
	single prometheus.Counter // calls made by themselves
}

// NewBatch returns a Batch over a connection, which must map errors as Dial's
// do and stays the caller's. Streams are opened once they are needed.
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

// Close ends the streams; calls under way are made by themselves.
func (b *Batch) Close() {
	b.stop()
	b.all.Wait()
}

// Call calls the method and returns its encoded reply, which is the caller's.
// The errors are those of the method. Without a deadline it takes at most
// DefaultTimeout.
func (b *Batch) Call(ctx context.Context, req proto.Message) ([]byte, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(DefaultTimeout)
	}
	if s := b.stream(); s != nil && ctx.Err() == nil {
		// What cannot be encoded is refused by the call.
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

// stream returns one that is open, each in its turn, and nil for none. A lane
// without one is told that it is wanted.
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
	wanted chan struct{}               // a call found none
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

// keep opens a stream and keeps it until it is old, for which it returns nil, or
// will not go on.
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
