// Package workers runs short pieces of work, each apart from its caller, in
// goroutines that are used again. A new goroutine begins with a small stack and
// copies it each time that it grows; one that has done such work before has the
// stack that the work needs.
package workers

import "sync"

// Pool is goroutines that wait for work. It needs Close.
type Pool struct {
	work    chan func()
	closing sync.Once
	closed  chan struct{}
}

// New returns a Pool of so many goroutines, which begin at once: how many a
// process has does not depend on what it has been through.
func New(size int) *Pool {
	p := &Pool{work: make(chan func()), closed: make(chan struct{})}
	for range size {
		go p.wait()
	}
	return p
}

// Go runs f in a goroutine, as the go statement does: at once, also when all of
// the pool have work, and also after Close.
func (p *Pool) Go(f func()) {
	select {
	case p.work <- f:
	default:
		go f()
	}
}

// wait does one piece of work after the other until Close.
func (p *Pool) wait() {
	for {
		select {
		case f := <-p.work:
			f()
		case <-p.closed:
			return
		}
	}
}

// Close ends the goroutines that wait, and the others with their work, for
// which it does not wait.
func (p *Pool) Close() { p.closing.Do(func() { close(p.closed) }) }
