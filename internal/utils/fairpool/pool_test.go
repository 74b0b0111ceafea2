package fairpool_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

var errFull = errors.New("too many wait")

// newPool returns a pool whose times nobody looks at.
func newPool(workers, queue, perLine int) *fairpool.Pool {
	return fairpool.New(workers, queue, perLine, errFull, nil)
}

func TestPoolBoundsWorkersAndQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2, 3, 3)
		release := make(chan struct{})
		running, done := make(chan struct{}, 8), make(chan error, 8)
		for range 5 {
			go func() {
				done <- p.Do(t.Context(), "a", func() {
					running <- struct{}{}
					<-release
				})
			}()
		}
		synctest.Wait()
		if len(running) != 2 || p.Waiting() != 3 {
			t.Errorf("%d run and %d wait, want 2 and 3", len(running), p.Waiting())
		}
		if err := p.Do(t.Context(), "a", func() { t.Error("ran") }); !errors.Is(err, errFull) {
			t.Errorf("the sixth gets %v", err)
		}
		close(release)
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		ran := false
		if err := p.Do(t.Context(), "a", func() { ran = true }); err != nil || !ran || p.Waiting() != 0 {
			t.Errorf("afterwards: %v, ran %v, %d wait", err, ran, p.Waiting())
		}
	})
}

func TestPoolGivesUpWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 1, 1)
		release, done := make(chan struct{}), make(chan error)
		go func() { done <- p.Do(t.Context(), "a", func() { <-release }) }()
		synctest.Wait()

		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() { waiting <- p.Do(ctx, "a", func() { t.Error("ran after its caller had gone") }) }()
		synctest.Wait()
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that waited gets %v", err)
		}
		if p.Waiting() != 0 {
			t.Error("its place is still taken")
		}
		if err := p.Do(ctx, "a", func() { t.Error("ran for a caller that has gone") }); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that has gone gets %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// leaver is the context of a caller that goes when it is about to wait, right
// after meanwhile has happened.
type leaver struct {
	context.Context //nolint:containedctx // it is one
	meanwhile       func()
	gone            bool
}

func (l *leaver) Done() <-chan struct{} {
	l.meanwhile()
	l.gone = true
	gone := make(chan struct{})
	close(gone)
	return gone
}

func (l *leaver) Err() error {
	if l.gone {
		return context.Canceled
	}
	return nil
}

// TestAWorkerGivenToWhoHasGoneIsPassedOn. Of a worker and the end of the wait that
// come together, a caller takes either: both happen within so many tries.
func TestAWorkerGivenToWhoHasGoneIsPassedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a lost worker is a deadlock, which it finds
		p := newPool(1, 1, 1)
		served := 0
		for range 64 {
			leave, err := p.Enter(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			switch err := p.Do(&leaver{Context: t.Context(), meanwhile: leave}, "b", func() { served++ }); {
			case err != nil && !errors.Is(err, context.Canceled):
				t.Fatal(err)
			case p.Waiting() != 0:
				t.Fatalf("%d wait", p.Waiting())
			}
		}
		if served == 0 || served == 64 {
			t.Errorf("%d of 64 were served, want some", served)
		}
	})
}

// TestNobodyGivesWayToALineThatIsAsLong: with the newcomer in it, another line
// has to be longer to lose its last.
func TestNobodyGivesWayToALineThatIsAsLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(3, 3)
		for _, name := range []string{"a runs", "a 0", "a 1", "b 0", "b 1"} {
			q.arrive(t.Context(), name)
		}
		if diff := cmp.Diff([]string{"b 1"}, q.errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		q.end()
	})
}

// queueing fills a pool of one worker with callers, one after the other, and
// notes the order in which they are served.
type queueing struct {
	pool   *fairpool.Pool
	order  []string
	errs   []string // callers that were refused
	finish chan struct{}
	ended  sync.WaitGroup
	mu     sync.Mutex
}

func newQueueing(queue, perLine int) *queueing {
	return &queueing{pool: newPool(1, queue, perLine), finish: make(chan struct{})}
}

// arrive lets a caller come whose name begins with its network, and waits until
// it stands in its place.
func (q *queueing) arrive(ctx context.Context, name string) {
	network, _, _ := strings.Cut(name, " ")
	q.ended.Go(func() {
		err := q.pool.Do(ctx, network, func() {
			q.mu.Lock()
			q.order = append(q.order, name)
			q.mu.Unlock()
			<-q.finish
		})
		if errors.Is(err, errFull) {
			q.mu.Lock()
			q.errs = append(q.errs, name)
			q.mu.Unlock()
		}
	})
	synctest.Wait()
}

// serve ends n hashes, one after the other.
func (q *queueing) serve(n int) {
	for range n {
		q.finish <- struct{}{}
		synctest.Wait()
	}
}

// end serves all who wait and returns the order.
func (q *queueing) end() []string {
	close(q.finish)
	q.ended.Wait()
	return q.order
}

func TestNetworksTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(64, 8)
		for i := range 6 {
			q.arrive(t.Context(), "flood "+strconv.Itoa(i))
		}
		q.arrive(t.Context(), "other 0")
		q.arrive(t.Context(), "other 1")
		q.arrive(t.Context(), "honest 0")
		want := []string{"flood 0", "other 0", "honest 0", "flood 1", "other 1", "flood 2", "flood 3", "flood 4", "flood 5"}
		if diff := cmp.Diff(want, q.end()); diff != "" {
			t.Errorf("served in the order (-want +got):\n%s", diff)
		}
		if n := q.pool.Lines(); n != 0 {
			t.Errorf("%d networks are remembered though nobody waits", n)
		}
	})
}

// Whoever comes from a network of its own is next, however often the flood's
// callers come back.
func TestAFloodDelaysAnotherNetworkByOneHash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(64, 8)
		for i := range 9 {
			q.arrive(t.Context(), "flood "+strconv.Itoa(i))
		}
		for i := range 20 {
			q.serve(1)
			q.arrive(t.Context(), "flood again")
			q.arrive(t.Context(), "honest "+strconv.Itoa(i))
			q.serve(1)
			if last := q.order[len(q.order)-1]; last != "honest "+strconv.Itoa(i) {
				t.Fatalf("in place of honest %d, %s was served", i, last)
			}
		}
		q.end()
	})
}

// A network that comes back as soon as it was served does not go before one
// that waits.
func TestComingBackGainsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(64, 8)
		q.arrive(t.Context(), "eager 0")
		for i := range 3 {
			q.arrive(t.Context(), "patient "+strconv.Itoa(i))
		}
		for i := range 3 {
			q.arrive(t.Context(), "eager "+strconv.Itoa(i+1))
			q.serve(1)
		}
		eager := 0
		for _, name := range q.order {
			if strings.HasPrefix(name, "eager") {
				eager++
			}
		}
		if eager > 2 {
			t.Errorf("served: %v", q.order)
		}
		q.end()
	})
}

// Callers from ever new networks keep a line waiting, but not for ever.
func TestNewNetworksDoNotStarveALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(64, 8)
		q.arrive(t.Context(), "old 0")
		q.arrive(t.Context(), "old 1")
		most, served := 0, false
		for i := range 1000 {
			q.arrive(t.Context(), "new"+strconv.Itoa(i))
			q.serve(1)
			most = max(most, q.pool.Lines())
			if served = slices.Contains(q.order, "old 1"); served {
				break
			}
		}
		if !served || most > 300 {
			t.Errorf("the old line was served: %v; %d networks were remembered", served, most)
		}
		q.end()
	})
}

func TestOneNetworkCannotFillTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(6, 4)
		for i := range 6 {
			q.arrive(t.Context(), "flood "+strconv.Itoa(i))
		}
		if diff := cmp.Diff([]string{"flood 5"}, q.errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		if !q.pool.Full("flood") || q.pool.Full("other") {
			t.Errorf("full: the flood's line %v, another %v", q.pool.Full("flood"), q.pool.Full("other"))
		}
		for i := range 3 {
			q.arrive(t.Context(), "other "+strconv.Itoa(i))
		}
		// The queue is full: the third of the second network takes the place of
		// the fourth of the first.
		if diff := cmp.Diff([]string{"flood 5", "flood 4"}, q.errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		q.arrive(t.Context(), "other 3")
		if diff := cmp.Diff([]string{"flood 5", "flood 4", "other 3"}, q.errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		q.end()
	})
}

// Those who go away leave no hole and keep no worker.
func TestCallersThatGoAwayAreSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueueing(8, 8)
		ctx, cancel := context.WithCancel(t.Context())
		q.arrive(t.Context(), "a 0")
		for i := range 3 {
			q.arrive(ctx, "a gone"+strconv.Itoa(i))
		}
		q.arrive(t.Context(), "a 1")
		q.arrive(ctx, "b gone")
		cancel()
		synctest.Wait()
		if n := q.pool.Waiting(); n != 1 {
			t.Errorf("%d wait, want 1", n)
		}
		if diff := cmp.Diff([]string{"a 0", "a 1"}, q.end()); diff != "" {
			t.Errorf("served (-want +got):\n%s", diff)
		}
	})
}

// Callers come, wait, give up and are refused all at once; in the end every
// worker is free and nobody waits.
func TestPoolUnderEverythingAtOnce(t *testing.T) {
	t.Parallel()
	p := newPool(3, 16, 4)
	var running, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%3 == 0 {
					go cancel()
				}
				_ = p.Do(ctx, strconv.Itoa(i%9), func() {
					if n := running.Add(1); n > most.Load() {
						most.Store(n)
					}
					runtime.Gosched()
					running.Add(-1)
				})
				cancel()
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || p.Waiting() != 0 || p.Lines() != 0 {
		t.Errorf("%d ran at once; %d wait, %d networks are remembered", most.Load(), p.Waiting(), p.Lines())
	}
	ran := 0
	for range 3 {
		if err := p.Do(t.Context(), "x", func() { ran++ }); err != nil {
			t.Fatal(err)
		}
	}
	if ran != 3 {
		t.Error("a worker was lost")
	}
}
