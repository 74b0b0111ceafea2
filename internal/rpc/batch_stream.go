package rpc

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/waystone-mmo/waystone/internal/errs"
)

const (
	// maxBatchQueue bounds the calls that wait to be sent on a stream. Further
	// calls are made as normal unary calls.
	maxBatchQueue = 4096
	// batchSilence is how long a stream may owe an answer without sending
	// anything. After that, the first call whose deadline passes ends the
	// stream.
	batchSilence = time.Second
	// batchRetire bounds the time that an old stream has for its last answers.
	batchRetire = 2 * DefaultTimeout
)

// errBatchSilent has no reason, because it never reaches a caller. The same holds
// for the other errors of streams here.
var errBatchSilent = errs.New(errs.Unavailable, "", "a stream for many calls owed answers and said nothing")

// batchOutcome is the result of a call on a stream.
type batchOutcome struct {
	reply []byte
	err   error
	again bool // no result: make it as a normal unary call
}

// batchWait is a caller that waits. It is reused after the caller has received
// the outcome, but not if the caller gave up.
type batchWait struct {
	number   uint64
	request  []byte
	deadline time.Time
	outcome  chan batchOutcome
	timer    *time.Timer
}

func newBatchWait() any {
	w := &batchWait{outcome: make(chan batchOutcome, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	return w
}

// batchStream is one stream on the client's side. One goroutine sends, one
// receives.
type batchStream struct {
	stream grpc.ClientStream
	waits  *sync.Pool // of *batchWait
	cancel context.CancelCauseFunc
	wake   chan struct{} // there may be something to send
	going  chan struct{} // closed when the other part is about to stop
	ended  chan struct{}
	cause  error // why it has ended; valid when ended is closed

	mu      sync.Mutex
	closed  bool // accepts no more calls
	gone    bool // going is closed
	number  uint64
	pending map[uint64]*batchWait // asked and not answered
	queue   []*batchWait          // not sent yet
	asked   time.Time             // time of the first call after the last message received; zero if no answer is owed
	retired *time.Timer
}

// openStream opens a stream. If the other part does not know the stream, the
// error comes later, from receive.
func (b *Batch) openStream(ctx context.Context) (*batchStream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stream, err := b.cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, b.cfg.Stream,
		grpc.ForceCodecV2(newCodec()), grpc.StaticMethod())
	if err != nil {
		cancel(nil)
		return nil, err
	}
	s := &batchStream{
		stream: stream, waits: &b.waits, cancel: cancel, pending: map[uint64]*batchWait{},
		wake: make(chan struct{}, 1), going: make(chan struct{}), ended: make(chan struct{}),
	}
	b.all.Go(func() { s.send(ctx) })
	b.all.Go(func() { s.receive(ctx) })
	return s, nil
}

// call sends the request and waits for the answer, until deadline if ctx has
// none.
func (s *batchStream) call(ctx context.Context, request []byte, deadline time.Time, bounded bool) batchOutcome {
	w, _ := s.waits.Get().(*batchWait)
	w.request, w.deadline = request, deadline
	if !s.ask(w) {
		s.waits.Put(w)
		return batchOutcome{again: true}
	}
	var expired <-chan time.Time
	if !bounded {
		w.timer.Reset(time.Until(deadline))
		expired = w.timer.C
	}
	var late error
	select {
	case out := <-w.outcome:
		return s.done(w, out)
	case <-ctx.Done():
		late = ctx.Err()
	case <-expired:
		late = context.DeadlineExceeded
	}
	if !s.leave(w, late) {
		return s.done(w, <-w.outcome) // the outcome came at the last moment
	}
	w.timer.Stop()
	return batchOutcome{err: FromStatus(status.FromContextError(late).Err())}
}

// done returns w to the pool.
func (s *batchStream) done(w *batchWait, out batchOutcome) batchOutcome {
	w.timer.Stop()
	w.request = nil
	s.waits.Put(w)
	return out
}

// ask puts a call in the queue. It returns false if the stream accepts no more.
func (s *batchStream) ask(w *batchWait) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.queue) >= maxBatchQueue {
		return false
	}
	s.number++
	w.number = s.number
	s.pending[w.number] = w
	s.queue = append(s.queue, w)
	if s.asked.IsZero() {
		s.asked = time.Now()
	}
	if len(s.queue) == 1 {
		s.wakeSender()
	}
	return true
}

// leave gives up a call, and the stream too if it seems to be dead. It returns
// false if the call already has an outcome.
func (s *batchStream) leave(w *batchWait, why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending[w.number] != w {
		return false
	}
	delete(s.pending, w.number)
	if errors.Is(why, context.DeadlineExceeded) && time.Since(s.asked) >= batchSilence {
		s.cancel(errBatchSilent)
	}
	return true
}

// wakeSender is called with the lock held.
func (s *batchStream) wakeSender() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// send sends the calls in the queue, until the stream has ended or accepts no
// more.
func (s *batchStream) send(ctx context.Context) {
	var message []byte
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		// Let callers that are ready run first: their calls then go in the same
		// message.
		runtime.Gosched()
		for {
			var over bool
			if message, over = s.next(message[:0]); over {
				_ = s.stream.CloseSend() // never fails
				return
			}
			if len(message) == 0 {
				break
			}
			if err := s.stream.SendMsg(frame(message)); err != nil {
				return // receive gets the cause
			}
		}
	}
}

// next takes calls out of the queue and appends them to a message. over means
// that there are none and will be none. Then the sending side is closed, and
// the other part ends the stream when it has answered all.
func (s *batchStream) next(message []byte) (_ []byte, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, taken := 0, 0
	for ; taken < len(s.queue) && n < maxBatch && len(message) < maxBatchBytes; taken++ {
		w := s.queue[taken]
		if s.pending[w.number] != w {
			continue // its caller has gone
		}
		message = appendCall(message, w.number, w.request, time.Until(w.deadline))
		n++
	}
	rest := copy(s.queue, s.queue[taken:])
	clear(s.queue[rest:])
	s.queue = s.queue[:rest]
	return message, s.closed && len(message) == 0
}

// receive hands out answers until the stream ends.
func (s *batchStream) receive(ctx context.Context) {
	for {
		var message frame
		err := s.stream.RecvMsg(&message)
		if err == nil {
			err = s.deliver(message)
		}
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errBatchSilent) {
				err = cause
			}
			s.end(err)
			return
		}
	}
}

func (s *batchStream) deliver(message []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = time.Time{}
	going, ok := parseAnswers(message, func(number uint64, found, refusal []byte) {
		w := s.pending[number]
		if w == nil {
			return // its caller has gone
		}
		delete(s.pending, number)
		w.outcome <- outcomeOf(found, refusal)
	})
	if !ok {
		return errs.New(errs.Internal, "", "the bytes of a message are no answers")
	}
	if len(s.pending) > 0 {
		s.asked = time.Now()
	}
	if going && !s.gone {
		s.gone = true
		close(s.going)
		s.closed = true
		s.wakeSender()
	}
	return nil
}

// outcomeOf reads an answer.
func outcomeOf(found, refusal []byte) batchOutcome {
	switch {
	case found != nil:
		return batchOutcome{reply: found[:len(found):len(found)]}
	case refusal == nil: // an answer of a kind that is not known here
		return batchOutcome{again: true}
	}
	var st spb.Status
	if err := proto.Unmarshal(refusal, &st); err != nil || codes.Code(st.GetCode()) == codes.OK { //nolint:gosec // a code
		return batchOutcome{again: true}
	}
	// If it was UNAVAILABLE, the unary call may reach another replica.
	err := FromStatus(status.ErrorProto(&st))
	return batchOutcome{err: err, again: errs.KindOf(err) == errs.Unavailable}
}

// end tells all waiting callers to make their calls as normal unary calls.
func (s *batchStream) end(cause error) {
	s.cancel(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(cause, io.EOF) {
		// An orderly end, which is expected only if the stream accepts no more
		// calls.
		cause = nil
		if !s.closed {
			cause = errs.New(errs.Unavailable, "", "the other part ended a stream for many calls")
		}
	}
	s.closed, s.cause = true, cause
	for _, w := range s.pending {
		w.outcome <- batchOutcome{again: true}
	}
	clear(s.pending)
	s.queue = nil
	if s.retired != nil {
		s.retired.Stop()
	}
	close(s.ended)
}

// retire makes the stream accept no more calls. It ends when all answers have
// come, or after batchRetire.
func (s *batchStream) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return
	default:
	}
	s.closed = true
	s.retired = time.AfterFunc(batchRetire, func() { s.cancel(nil) })
	s.wakeSender()
}
