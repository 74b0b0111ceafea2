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
	// maxBatchQueue bounds the calls that wait to be sent on a stream; those above
	// are made by themselves.
	maxBatchQueue = 4096
	// batchSilence is how long a stream may owe an answer and say nothing. After
	// that the first call whose time is over ends it.
	batchSilence = time.Second
	// batchRetire bounds the time that an old stream has to bring its answers.
	batchRetire = 2 * DefaultTimeout
)

// errBatchSilent, as errors of streams here, reaches no caller: it has no reason.
var errBatchSilent = errs.New(errs.Unavailable, "", "a stream for many calls owed answers and said nothing")

// batchOutcome is what came of a call.
type batchOutcome struct {
	reply []byte
	err   error
	again bool // nothing did: it has to be made by itself
}

// batchWait is a caller that waits. It is used again once it has had its
// outcome; one whose caller has gone is not.
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
	wake   chan struct{} // the sender may have something to do
	going  chan struct{} // closed when the other part is about to stop
	ended  chan struct{}
	cause  error // why, once it has ended

	mu      sync.Mutex
	closed  bool // takes no more calls
	gone    bool // going is closed
	number  uint64
	pending map[uint64]*batchWait // asked and not answered
	queue   []*batchWait          // not sent yet
	asked   time.Time             // of the first call since it last said something
	retired *time.Timer
}

// openStream opens a stream. Whether the other part knows it shows later.
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

// call asks and waits for the answer, until deadline if ctx has none.
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
		return s.done(w, <-w.outcome) // it came after all
	}
	w.timer.Stop()
	return batchOutcome{err: FromStatus(status.FromContextError(late).Err())}
}

// done lets w be used again.
func (s *batchStream) done(w *batchWait, out batchOutcome) batchOutcome {
	w.timer.Stop()
	w.request = nil
	s.waits.Put(w)
	return out
}

// ask puts a call in the queue; false if the stream takes no more.
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

// leave gives a call up, and the stream if it seems to be dead. It returns false
// if the call has an outcome.
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

// send sends what is in the queue, until the stream has ended or takes no more.
func (s *batchStream) send(ctx context.Context) {
	var message []byte
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		// Callers that can go on now come first, and go along.
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
				return // the receiver learns why
			}
		}
	}
}

// next takes calls out of the queue and appends them to a message. over says
// that there are none and will be none, so that the other part ends the stream
// when it has answered all.
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
	case refusal == nil: // something newer
		return batchOutcome{again: true}
	}
	var st spb.Status
	if err := proto.Unmarshal(refusal, &st); err != nil || codes.Code(st.GetCode()) == codes.OK { //nolint:gosec // a code
		return batchOutcome{again: true}
	}
	// A call made by itself is tried again, on another replica.
	err := FromStatus(status.ErrorProto(&st))
	return batchOutcome{err: err, again: errs.KindOf(err) == errs.Unavailable}
}

// end lets those who wait make their calls by themselves.
func (s *batchStream) end(cause error) {
	s.cancel(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(cause, io.EOF) {
		// In good order, which only a stream that takes no more has.
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

// retire lets the stream take no more calls, and end once it has brought all
// answers.
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
