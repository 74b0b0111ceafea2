// Package timers keeps what is due later: a queue of timers in the order of
// their instants.
//
// A Queue has no clock and no goroutine. Its owner asks for the next instant,
// waits as it likes, and runs what is due. Two timers of the same instant run
// in the order in which they were set, so the same calls give the same order.
package timers

import (
	"math"
	"time"
)

// Instant is a moment on the owner's clock: nanoseconds since a moment that the
// owner chooses.
type Instant int64

// Never is later than every instant.
const Never = Instant(math.MaxInt64)

// Add returns the instant after a duration. It does not pass Never.
func (i Instant) Add(d time.Duration) Instant {
	if d > 0 && i > Never-Instant(d) {
		return Never
	}
	return i + Instant(d)
}

// Sub returns the time from o to i.
func (i Instant) Sub(o Instant) time.Duration { return time.Duration(i - o) }

// Timer is something that is due once. Its zero value is not set. It belongs
// to one Queue from the first Set on and must not be copied after that.
type Timer struct {
	// Fire runs when the timer is due. The timer is not set any more then; Fire
	// may set it again.
	Fire func(due Instant)
	slot int // in the queue, counted from 1; 0 while it is not set
}

// item is a timer in the queue with what its place depends on.
type item struct {
	due   Instant
	order uint64
	timer *Timer
}

func (a *item) before(b *item) bool {
	return a.due < b.due || a.due == b.due && a.order < b.order
}

// Queue is a set of timers. Its zero value is empty and ready. It belongs to
// one goroutine at a time.
type Queue struct {
	heap   []item // each item is before its four children
	orders uint64
}

// Len returns how many timers are set.
func (q *Queue) Len() int { return len(q.heap) }

// Next returns the earliest instant at which a timer is due, Never if none is set.
func (q *Queue) Next() Instant {
	if len(q.heap) == 0 {
		return Never
	}
	return q.heap[0].due
}

// Set sets a timer, or sets it to another instant. A timer that is set to
// Never is cleared.
func (q *Queue) Set(t *Timer, due Instant) {
	if due == Never {
		q.Clear(t)
		return
	}
	q.orders++
	in := item{due: due, order: q.orders, timer: t}
	if t.slot == 0 {
		q.heap = append(q.heap, in)
		q.up(len(q.heap)-1, in)
		return
	}
	i := t.slot - 1
	if in.before(&q.heap[i]) {
		q.up(i, in)
	} else {
		q.down(i, in)
	}
}

// Clear takes a timer out of the queue. One that is not set stays so.
func (q *Queue) Clear(t *Timer) {
	if t.slot == 0 {
		return
	}
	i := t.slot - 1
	t.slot = 0
	last := len(q.heap) - 1
	moved := q.heap[last]
	q.heap[last] = item{}
	q.heap = q.heap[:last]
	if i == last {
		return
	}
	if moved.before(&q.heap[i]) {
		q.up(i, moved)
	} else {
		q.down(i, moved)
	}
}

// Run fires every timer that is due at an instant or before, in order. A timer
// that is set while Run runs fires too if it is due by then.
func (q *Queue) Run(until Instant) {
	for len(q.heap) > 0 && q.heap[0].due <= until {
		first := q.heap[0]
		q.Clear(first.timer)
		first.timer.Fire(first.due)
	}
}

// up puts an item into slot i or above it.
func (q *Queue) up(i int, in item) {
	for i > 0 {
		parent := (i - 1) / 4
		if !in.before(&q.heap[parent]) {
			break
		}
		q.put(i, q.heap[parent])
		i = parent
	}
	q.put(i, in)
}

// down puts an item into slot i or below it.
func (q *Queue) down(i int, in item) {
	for {
		first := 4*i + 1
		if first >= len(q.heap) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(q.heap)); c++ {
			if q.heap[c].before(&q.heap[least]) {
				least = c
			}
		}
		if !q.heap[least].before(&in) {
			break
		}
		q.put(i, q.heap[least])
		i = least
	}
	q.put(i, in)
}

func (q *Queue) put(i int, in item) {
	q.heap[i] = in
	in.timer.slot = i + 1
}
