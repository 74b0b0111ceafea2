// Package workers runs short pieces of work, each apart from its caller, in
// goroutines that are used again. A new goroutine begins with a small stack and
// copies it each time that it grows; one that has done such work before has the
// stack that the work needs.
package workers

import (
	"sync"
	"sync/atomic"
)

// Pool is goroutines that wait for work. It needs Close.
type Pool struct {
	most    int64
	kept    atomic.Int64
	work    chan func()
	closing sync.Once
	closed  chan struct{}
}

// New returns a Pool that keeps at most so many goroutines, made as they are
// first needed.
func New(most int) *Pool {
	return &Pool{most: int64(most), work: make(chan func()), closed: make(chan struct{})}
}

// Go runs f in a goroutine, as the go statement does: at once, also when all
// that are kept have work, and also after Close.
func (p *Pool) Go(f func()) {
	select {
	case p.work <- f:
		return
	default:
	}
	if p.kept.Add(1) > p.most {
		p.kept.Add(-1)
		go f()
		return
	}
	go p.keep(f)
}

// keep does one piece of work after the other until Close.
func (p *Pool) keep(f func()) {
	defer p.kept.Add(-1)
	for {
		f()
		select {
		case f = <-p.work:
		case <-p.closed:
			return
		}
	}
}

// Close ends the goroutines that wait, and the others with their work, for
// which it does not wait.
func (p *Pool) Close() { p.closing.Do(func() { close(p.closed) }) }
