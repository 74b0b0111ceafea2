package watch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Bounds of a broker.
const (
	// MaxWatchers is how many watchers a replica takes.
	MaxWatchers = 1024
	// MaxEvents is the most events in one batch.
	MaxEvents = 512
	// HeartbeatEvery is the longest silence of a subscription.
	HeartbeatEvery = 5 * time.Second
	// MaxLag is how old the last confirmation of the feed may be.
	MaxLag = 2 * time.Second
	// FirstWait is how long a watcher waits for a feed that has never connected.
	FirstWait = 2 * time.Second
	// DefaultBuffer is the number of events that are kept if Config.Buffer is
	// 0.
	DefaultBuffer = 1 << 16
)

// Config is what a broker is built from.
type Config struct {
	// Buffer is how many events are kept for slow watchers, about 200 bytes
	// each. 0: DefaultBuffer.
	Buffer int
	// Now is the clock that decides what is over. nil: time.Now.
	Now func() time.Time
	// Metrics may be nil.
	Metrics prometheus.Registerer
}

// Broker is a store.Follower with watchers. It is safe for concurrent use.
type Broker struct {
	buffer  int
	metrics *metrics
	closing chan struct{} // closed by Close

	mu        sync.Mutex
	judge     judge
	connected bool
	cause     error     // why it is not connected
	confirmed time.Time // everything that was committed before has been received
	run       run
	ring      []entry // event n is at (n-1) modulo buffer
	head      uint64  // the last event of the run; the first is 1
	unseen    unseen
	watchers  int
	news      chan struct{} // closed when there is something for subscriptions
}

var _ store.Follower = (*Broker)(nil)

// entry is an event, or the point from which watchers check everything again.
type entry struct {
	event  store.Event
	resync bool
}

var errNotYet = errors.New("the feed has not connected yet")

// New returns a broker that waits for its feed to connect.
func New(cfg Config) *Broker {
	if cfg.Buffer <= 0 {
		cfg.Buffer = DefaultBuffer
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Broker{
		buffer: cfg.Buffer, metrics: newMetrics(),
		closing: make(chan struct{}), news: make(chan struct{}), cause: errNotYet,
		judge:  judge{now: cfg.Now, max: cfg.Buffer, banned: map[string]struct{}{}},
		unseen: unseen{max: cfg.Buffer},
	}
	if cfg.Metrics != nil {
		b.metrics.register(cfg.Metrics, b)
	}
	return b
}

// Reset implements store.Follower: a new run begins, and every watcher is told
// to check everything again.
func (b *Broker) Reset(string, store.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected, b.cause, b.confirmed = true, nil, time.Now()
	b.run, b.ring, b.head = newRun(), b.ring[:0], 0
	b.unseen.list = b.unseen.list[:0]
	b.judge.forget()
	b.wake()
}

// Changed implements store.Follower.
func (b *Broker) Changed(changes []store.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.head
	for _, c := range changes {
		switch {
		case c.Table == store.TableCharacter: // watchers do not need it
		case c.Op == store.OpMany:
			if c.Table == store.TableUser {
				b.judge.forget()
			}
			if c.Xid == 0 { // an engine without transaction ids reports only what is visible already
				b.append(entry{resync: true})
			} else {
				b.unseen.add(c.Xid, b.head+1, true)
			}
		default:
			e, ok := b.judge.event(c)
			if !ok {
				continue
			}
			b.append(entry{event: e})
			b.metrics.told(e.Kind)
			if c.Xid != 0 {
				b.unseen.add(c.Xid, b.head, false)
			}
		}
	}
	if b.head != before {
		b.wake()
	}
}

// Tell passes on an event of this replica that does not come from the feed, to
// the watchers of this replica only. While the feed is not connected there are
// no watchers.
func (b *Broker) Tell(e store.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.connected {
		b.append(entry{event: e})
		b.metrics.told(e.Kind)
		b.wake()
	}
}

// Confirmed implements store.Follower.
func (b *Broker) Confirmed(asked time.Time, at store.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if asked.After(b.confirmed) {
		b.confirmed = asked
	}
	if b.unseen.confirm(at) {
		b.append(entry{resync: true})
		b.wake()
	}
}

// Lost implements store.Follower: every subscription ends, because its events
// are no longer current.
func (b *Broker) Lost(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected, b.cause = false, cause
	b.wake()
}

// Close ends every subscription. No other can begin.
func (b *Broker) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed() {
		close(b.closing)
	}
}

// Closing returns a channel that is closed when the broker is closed.
func (b *Broker) Closing() <-chan struct{} { return b.closing }

func (b *Broker) closed() bool {
	select {
	case <-b.closing:
		return true
	default:
		return false
	}
}

// AwaitFirst waits until the feed has connected for the first time or has failed
// to, until the broker is closed, or until ctx ends, at most FirstWait. The feed
// of a part that has just started connects in a moment.
func (b *Broker) AwaitFirst(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, FirstWait)
	defer cancel()
	for {
		b.mu.Lock()
		waits, news := errors.Is(b.cause, errNotYet), b.news
		b.mu.Unlock()
		if !waits {
			return
		}
		select {
		case <-news:
		case <-b.closing:
			return
		case <-ctx.Done():
			return
		}
	}
}

// usable returns the error with which every subscription has to end; nil if
// they can go on. The caller holds mu.
func (b *Broker) usable() error {
	switch {
	case b.closed():
		return store.ErrWatchClosed
	case !b.connected:
		return store.ErrFeedUnavailable.Wrap(b.cause)
	case time.Since(b.confirmed) > MaxLag:
		return store.ErrFeedUnavailable.Wrap(errors.New("the feed does not confirm that it is current"))
	}
	return nil
}

// tail is the number of the oldest event kept. The caller holds mu.
func (b *Broker) tail() uint64 { return b.head - uint64(len(b.ring)) + 1 }

func (b *Broker) at(seq uint64) entry { return b.ring[b.index(seq)] }

func (b *Broker) index(seq uint64) uint64 {
	return (seq - 1) % uint64(b.buffer) //nolint:gosec // positive
}

func (b *Broker) append(e entry) {
	b.head++
	if len(b.ring) < b.buffer { // it grows as it fills
		b.ring = append(b.ring, e)
		return
	}
	b.ring[b.index(b.head)] = e
}

func (b *Broker) wake() {
	close(b.news)
	b.news = make(chan struct{})
}
