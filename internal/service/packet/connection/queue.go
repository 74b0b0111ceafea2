package connection

import (
	"sync"

	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
)

// queue holds the packets to send. It is limited in packets and bytes. A client
// that does not read fills it and is disconnected; no sender waits.
type queue struct {
	maxPackets, maxBytes int

	mu     sync.Mutex
	items  []*bufferpool.Shared
	bytes  int
	closed bool
	wake   chan struct{} // capacity 1
}

func newQueue(maxPackets, maxBytes int) *queue {
	return &queue{maxPackets: maxPackets, maxBytes: maxBytes, wake: make(chan struct{}, 1)}
}

// push takes over one reference to s. It returns false if the queue is full. It
// releases s if the queue is closed or full.
func (q *queue) push(s *bufferpool.Shared) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		s.Release()
		return true
	}
	n := len(s.Bytes())
	if len(q.items) >= q.maxPackets || q.bytes+n > q.maxBytes {
		q.mu.Unlock()
		s.Release()
		return false
	}
	q.items = append(q.items, s)
	q.bytes += n
	q.mu.Unlock()
	q.signal()
	return true
}

// busy reports whether the queue is filled to a quarter.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.closed && (4*len(q.items) >= q.maxPackets || 4*q.bytes >= q.maxBytes)
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take moves the queued packets to dst. done reports that no more will come.
func (q *queue) take(dst []*bufferpool.Shared) (items []*bufferpool.Shared, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	dst = append(dst, q.items...)
	clear(q.items)
	q.items = q.items[:0]
	q.bytes = 0
	return dst, q.closed
}

// close ends the queue. With flush, take still returns the queued packets, unless a
// close without flush follows.
func (q *queue) close(flush bool) {
	q.mu.Lock()
	q.closed = true
	if !flush {
		for _, s := range q.items {
			s.Release()
		}
		q.items = nil
	}
	q.mu.Unlock()
	q.signal()
}
