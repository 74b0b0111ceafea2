package watch

import (
	"context"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Signal says what a batch means.
type Signal uint8

// The signals, numbered as on the wire.
const (
	// Here: the subscription has begun, and nothing was missed since the
	// cursor.
	Here Signal = iota + 1
	// Resync: changes may have been missed; the watcher has to check
	// everything.
	Resync
	// Events: the batch has some.
	Events
	// Heartbeat: nothing happened.
	Heartbeat
)

// Batch is what Subscription.Next returns.
type Batch struct {
	Signal Signal
	Cursor []byte // where the subscription stands after the batch
	Events []store.Event
	// Lag: everything that was committed longer ago than this has been
	// reported.
	Lag time.Duration
}

// Subscription is a watcher's place in the ring. It belongs to one goroutine.
type Subscription struct {
	broker *Broker
	known  bool // run and seq come from a cursor
	begun  bool // the first batch has been returned
	run    run
	seq    uint64 // the last event that was returned
	// checked: the watcher was told to check after this event. So a point to
	// check from, at or before it, is skipped.
	checked uint64
	last    time.Time // when the last batch was returned
}

// Subscribe begins after a cursor, or now if the cursor is empty. It fails with
// INVALID_CURSOR or with an error of package store: ErrTooManyWatchers,
// ErrFeedUnavailable, ErrWatchClosed. A Subscription must be closed.
func (b *Broker) Subscribe(cursor []byte) (*Subscription, error) {
	s := &Subscription{broker: b, last: time.Now()}
	if len(cursor) > 0 {
		var err error
		if s.run, s.seq, s.known, err = parseCursor(cursor); err != nil {
			return nil, err
		}
		if !s.known {
			s.run, s.known = newRun(), true // no run of this replica
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.usable(); err != nil {
		return nil, err
	}
	if b.watchers >= MaxWatchers {
		return nil, store.ErrTooManyWatchers
	}
	b.watchers++
	return s, nil
}

// Close frees the watcher's place.
func (s *Subscription) Close() {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	s.broker.watchers--
}

// Next waits for the next batch, HeartbeatEvery at most. It fails if ctx ends
// first, or with an error of package store: ErrFeedUnavailable, ErrWatchClosed.
func (s *Subscription) Next(ctx context.Context) (Batch, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		batch, news, wait, err := s.take()
		if err != nil || batch.Signal != 0 {
			s.last = time.Now()
			return batch, err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-s.broker.closing:
		case <-news:
		case <-timer.C:
		}
	}
}

// take returns the next batch. A batch without a signal means that there is
// nothing: then take has to be called again after news, or after wait.
func (s *Subscription) take() (batch Batch, news <-chan struct{}, wait time.Duration, err error) {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.usable(); err != nil {
		return Batch{}, nil, 0, err
	}
	first := !s.begun
	s.begun = true
	switch {
	case first && !s.known:
		batch.Signal, err = Here, s.settle()
	case s.run != b.run || s.seq > b.head || s.seq+1 < b.tail():
		batch.Signal, err = Resync, s.settle()
	case first:
		batch.Signal = Here
	default:
		batch.Events = s.events()
		switch {
		case len(batch.Events) > 0:
			batch.Signal = Events
		case s.seq < b.head: // at a point to check from
			batch.Signal, err = Resync, s.settle()
		case time.Since(s.last) >= HeartbeatEvery:
			batch.Signal = Heartbeat
		}
	}
	if err != nil {
		return Batch{}, nil, 0, err
	}
	if batch.Signal == Resync {
		b.metrics.resyncs.Inc()
	}
	batch.Cursor = appendCursor(s.run, s.seq)
	batch.Lag = time.Since(b.confirmed)
	// One nanosecond after the last moment at which the feed counts as current.
	wait = min(HeartbeatEvery-time.Since(s.last), MaxLag-batch.Lag+1)
	return batch, b.news, wait, nil
}

// settle moves the subscription to the event from which a watcher goes on that
// checks everything now.
func (s *Subscription) settle() error {
	b := s.broker
	seq := b.unseen.settled(b.head)
	if seq+1 < b.tail() {
		return store.ErrFeedUnavailable.Wrap(errors.New("there are more changes that are not visible yet than WATCH_BUFFER keeps"))
	}
	s.run, s.seq, s.checked = b.run, seq, b.head
	return nil
}

// events returns the next events, up to a point from which watchers check
// everything again.
func (s *Subscription) events() []store.Event {
	b := s.broker
	var list []store.Event
	for s.seq < b.head && len(list) < MaxEvents {
		e := b.at(s.seq + 1)
		if e.resync && s.seq+1 > s.checked {
			break
		}
		s.seq++
		if !e.resync {
			list = append(list, e.event)
		}
	}
	return list
}
