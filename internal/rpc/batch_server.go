package rpc

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// batchDrain bounds how long a stopping server waits until the caller of a batch
// stream ends it, and until the last answers are sent.
const batchDrain = DefaultTimeout

// ServeBatch is the body of the handler of a batch stream: it makes the calls of
// a unary method, "/package.Service/Method", of the same server. Each call
// passes the edge as a normal call of that method does: it is admitted,
// validated, counted and answered. On a server that package rpc did not build,
// the stream is UNIMPLEMENTED.
func ServeBatch[Req, Res any](stream grpc.BidiStreamingServer[Req, Res], method string) error {
	if g, ok := stream.(*grpc.GenericServerStream[Req, Res]); ok {
		if s, ok := g.ServerStream.(*guardedStream); ok {
			return serveBatch(s, method)
		}
	}
	return status.Errorf(codes.Unimplemented, "a stream of calls of %s needs the server of package rpc", method)
}

// batchServer is one batch stream on the server's side.
//
// One goroutine at a time leads: it reads a message, makes the calls in it one
// after the other, and sends the answers together. If a call is about to wait,
// a new goroutine takes over the lead, with the rest of the message. So calls
// that are answered from memory cost no goroutine, and no call waits for
// another.
type batchServer struct {
	ctx      context.Context //nolint:containedctx // the stream's
	stream   grpc.ServerStream
	call     local
	codec    codec
	ended    chan error    // why the leader has stopped reading
	room     chan struct{} // answers have been sent
	mu       sync.Mutex
	inFlight int           // calls that were read and whose answers were not sent
	drained  chan struct{} // if not nil, nothing more is read; closed when inFlight is 0
	answers  []batchAnswer // to be sent
	going    bool          // the caller is to be told that the server is about to stop
	sending  bool          // a goroutine is sending, and goes on until all is sent
	message  []byte        // the sender's
}

func serveBatch(s *guardedStream, unary string) error {
	b := &batchServer{
		ctx: s.ctx, stream: s.ServerStream, call: s.method.locals[unary], codec: s.method.codec,
		ended: make(chan error, 1), room: make(chan struct{}, 1),
	}
	// Not on this goroutine: a blocked Send or Recv ends only when the handler
	// returns.
	go b.lead(nil)
	over, err := b.wait(s.method.stopping, nil)
	if !over {
		// The caller is asked to send no more, and then ends the stream. What it
		// has sent until then is answered.
		go b.tellStopping()
		timer := time.NewTimer(batchDrain)
		defer timer.Stop()
		_, err = b.wait(nil, timer.C)
	}
	return err
}

// wait waits until the stream has ended and all that was read has been answered,
// or until patience fires. It returns false if stopping is closed before.
func (b *batchServer) wait(stopping <-chan struct{}, patience <-chan time.Time) (over bool, err error) {
	select {
	case err = <-b.ended:
	case <-stopping:
		return false, nil
	case <-patience:
		return true, errStopping
	case <-b.ctx.Done():
		return true, b.ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	select {
	case <-b.drain():
	case <-patience:
		return true, errStopping
	case <-b.ctx.Done():
		return true, b.ctx.Err()
	}
	return true, err
}

// tellStopping asks the caller to send no more.
func (b *batchServer) tellStopping() {
	b.mu.Lock()
	b.going = true
	b.mu.Unlock()
	b.flush()
}

// lead makes the calls, then those of the next messages, until one of them
// waits or the stream ends.
func (b *batchServer) lead(calls []batchCall) {
	for {
		for i, c := range calls {
			ctx := &batchContext{
				Context: b.ctx, deadline: time.Now().Add(c.timeout),
				waits: func() { go b.lead(calls[i+1:]) },
			}
			answer := b.answer(ctx, c)
			b.mu.Lock()
			b.answers = append(b.answers, answer)
			b.mu.Unlock()
			if ctx.end() {
				b.flush()
				return
			}
		}
		b.flush()
		var err error
		if calls, err = b.read(); err != nil {
			b.ended <- err
			return
		}
	}
}

// read waits until there is room for another message, and returns the calls of
// the next one.
func (b *batchServer) read() ([]batchCall, error) {
	for !b.hasRoom() {
		select {
		case <-b.room:
		case <-b.ctx.Done():
			return nil, b.ctx.Err()
		}
	}
	var message frame
	if err := b.stream.RecvMsg(&message); err != nil {
		return nil, err
	}
	calls, err := parseCalls(message)
	if err != nil {
		return nil, err
	}
	if len(calls) == 0 || len(calls) > maxBatch {
		return nil, errs.Invalid("lookups", "must be 1 to 256")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight += len(calls)
	return calls, nil
}

func (b *batchServer) hasRoom() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight <= maxBatchCalls-maxBatch
}

// answer makes a call.
func (b *batchServer) answer(ctx context.Context, c batchCall) batchAnswer {
	a := batchAnswer{number: c.number}
	resp, err := b.call.handler(b.call.impl, ctx, func(v any) error {
		return b.codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(c.request)}, v)
	}, nil)
	var out mem.BufferSlice
	if err == nil {
		out, err = encode(b.codec, resp)
	}
	if err == nil && out.Len() > MaxMessageSize-batchOverhead {
		err = status.Errorf(codes.ResourceExhausted, "a reply of %d bytes is too large for a batch", out.Len())
	}
	if err != nil {
		refusal, _ := proto.Marshal(status.Convert(err).Proto()) // encoded as grpc would send it
		a.refused, a.size, a.parts = true, len(refusal), [][]byte{refusal}
		return a
	}
	// The buffers are not returned to their pool: replies that are encoded
	// already have none, and the others are left to the garbage collector.
	a.size, a.parts = out.Len(), make([][]byte, len(out))
	for i, p := range out {
		a.parts[i] = p.ReadOnlyData()
	}
	return a
}

// flush sends all answers, unless another goroutine is sending them.
func (b *batchServer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sending {
		return
	}
	b.sending = true
	for len(b.answers) > 0 || b.going {
		n := 0
		b.message = b.message[:0]
		if b.going {
			b.message, b.going = appendStopping(b.message), false
		}
		for n < len(b.answers) && n < maxBatch && (n == 0 || len(b.message)+b.answers[n].size < maxBatchBytes) {
			b.message = b.answers[n].appendTo(b.message)
			n++
		}
		rest := copy(b.answers, b.answers[n:])
		clear(b.answers[rest:])
		b.answers = b.answers[:rest]
		b.mu.Unlock()
		err := b.stream.SendMsg(frame(b.message))
		b.mu.Lock()
		if err != nil {
			b.answers = nil // the stream is over, as its context says
		}
		b.inFlight -= n
		if n > 0 && b.drained != nil && b.inFlight == 0 {
			close(b.drained)
		}
		select {
		case b.room <- struct{}{}:
		default:
		}
	}
	b.sending = false
}

// drain is called when nothing more is read. It returns a channel that is
// closed when all that was read has been answered.
func (b *batchServer) drain() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drained = make(chan struct{})
	if b.inFlight == 0 {
		close(b.drained)
	}
	return b.drained
}
