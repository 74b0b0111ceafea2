package cached

import (
	"context"
	"sync"
)

const (
	// fillers is how many loads are stored in the shared cache at the same
	// time.
	fillers = 8
	// MaxFills is how many loads may wait for that. Further loads are not
	// stored: the next reader loads again.
	MaxFills = 1024
)

// fill is a record to be stored in the shared cache. Without a record, the
// value of the key is removed from there.
type fill struct {
	key    string
	record *record
}

// fillQueue stores records in the background, so that readers do not wait. The
// order does not matter: a value that comes too late is refused because of its
// snapshot, and never replaces a newer one.
type fillQueue struct {
	store   *Store
	queue   chan []fill
	workers sync.WaitGroup
	stop    context.CancelFunc
}

func newFillQueue(s *Store) *fillQueue {
	ctx, stop := context.WithCancel(context.Background())
	q := &fillQueue{store: s, queue: make(chan []fill, MaxFills), stop: stop}
	for range fillers {
		q.workers.Go(func() { q.work(ctx) })
	}
	return q
}

func (q *fillQueue) offer(fills []fill) {
	select {
	case q.queue <- fills:
	default:
		q.store.metrics.skipped.Add(float64(len(fills)))
	}
}

func (q *fillQueue) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case fills := <-q.queue:
			q.set(ctx, fills)
		}
	}
}

func (q *fillQueue) set(ctx context.Context, fills []fill) {
	for _, f := range fills {
		operation, err := "del", error(nil)
		if f.record == nil {
			err = q.store.cfg.Cache.Del(ctx, f.key)
		} else {
			value := f.record.encode(q.store.seal, f.key)
			if len(value) > MaxValue {
				continue
			}
			operation, err = "set", q.store.cfg.Cache.SetNewer(ctx, f.key, value, f.record.ttl)
		}
		if ctx.Err() != nil {
			return
		}
		q.store.noteCache(ctx, operation, err)
		if err != nil {
			return
		}
	}
}

func (q *fillQueue) close() {
	q.stop()
	q.workers.Wait()
}
