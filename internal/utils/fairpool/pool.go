// Package fairpool shares scarce work fairly between those who ask for it, such
// as the networks that players come from.
package fairpool

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool bounds how much is worked on at once and how many callers wait for it, so
// that who asks for much waits and not all others. It has no goroutines: the
// callers' own do the work.
//
// Those who wait stand in lines, such as one for each network, and the lines take
// turns. Turns are numbered: the next one of a line is behind its
// last, and not before the one that is being served. So a line that has not
// been served lately goes before all that wait in longer lines, and one that
// comes back as soon as it was served gains nothing by that.
type Pool struct {
	queue   int   // callers that may wait
	perLine int   // in one line
	full    error // what others get
	took    prometheus.Observer

	mu     sync.Mutex
	free   int   // workers
	waits  int   // callers in all lines
	turn   int64 // being served
	events int64 // so far, which keeps equal turns in order
	lines  map[string]*line
}

// maxIdle is how many lines are remembered that nobody waits in. One more, and
// everybody's turn comes nearer: callers who come in ever new lines can
// neither keep a line from its turn for longer nor fill the memory.
const maxIdle = 256

// line is who waits in one line.
type line struct {
	turn    int64 // of its head
	since   int64 // when its head got there, among equal turns
	waiting []chan error
}

// New returns a pool of so many workers, in which queue callers may wait, perLine
// of them in one line; others get the error full. How long the work of each took,
// in seconds, goes to took; nil for nowhere.
func New(workers, queue, perLine int, full error, took prometheus.Observer) *Pool {
	if took == nil {
		took = prometheus.ObserverFunc(func(float64) {})
	}
	return &Pool{free: workers, queue: queue, perLine: perLine, full: full, took: took, lines: map[string]*line{}}
}

// Waiting returns how many callers wait for a worker.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waits
}

// Full reports whether as many callers wait in a line as may.
func (p *Pool) Full(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lines[name]
	return l != nil && len(l.waiting) >= p.perLine
}

// Do calls f when a worker is free and it is the line's turn. It returns the error
// of a full pool when too many wait, at once or because a caller of a shorter line
// needed the place, and the context's error when that ends before f has begun.
func (p *Pool) Do(ctx context.Context, name string, f func()) error {
	leave, err := p.Enter(ctx, name)
	if err != nil {
		return err
	}
	defer leave()
	f()
	return nil
}

// Enter is Do for work that the caller does by itself, and ends with leave, which
// is to be called once.
func (p *Pool) Enter(ctx context.Context, name string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.enter(ctx, name); err != nil {
		return nil, err
	}
	begun := time.Now()
	return func() {
		p.took.Observe(time.Since(begun).Seconds())
		p.leave()
	}, nil
}

// enter takes a worker, or waits for one.
func (p *Pool) enter(ctx context.Context, name string) error {
	p.mu.Lock()
	l := p.lines[name]
	if l == nil {
		l = &line{turn: p.turn}
		p.lines[name] = l
	}
	if p.free > 0 {
		p.free--
		p.serve(l)
		p.mu.Unlock()
		return nil
	}
	if len(l.waiting) >= p.perLine || p.waits >= p.queue && !p.makeRoom(len(l.waiting)+1) {
		p.mu.Unlock()
		return p.full
	}
	ready := make(chan error, 1)
	if len(l.waiting) == 0 {
		p.arrive(l)
	}
	l.waiting = append(l.waiting, ready)
	p.waits++
	p.mu.Unlock()

	select {
	case err := <-ready:
		return err
	case <-ctx.Done():
		p.abandon(l, ready)
		return ctx.Err()
	}
}

// arrive puts the head of a line that was empty in its place.
func (p *Pool) arrive(l *line) {
	l.turn = max(l.turn, p.turn)
	p.events++
	l.since = p.events
}

// serve counts a turn of a line that gets a worker.
func (p *Pool) serve(l *line) {
	p.turn = max(p.turn, l.turn)
	l.turn = p.turn + 1
	p.events++
	l.since = p.events
}

// leave gives the worker to the head of the line whose turn it is.
func (p *Pool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next()
	if next == nil {
		p.free++
		p.forget()
		return
	}
	ready := next.waiting[0]
	next.waiting = next.waiting[1:]
	p.waits--
	p.serve(next)
	p.forget()
	ready <- nil
}

// next returns the line whose turn it is, nil when nobody waits.
func (p *Pool) next() *line {
	var first *line
	for _, l := range p.lines {
		if len(l.waiting) == 0 {
			continue
		}
		if first == nil || l.turn < first.turn || l.turn == first.turn && l.since < first.since {
			first = l
		}
	}
	return first
}

// forget drops the lines that are as good as new ones.
func (p *Pool) forget() {
	idle := 0
	for name, l := range p.lines {
		switch {
		case len(l.waiting) > 0:
		case l.turn <= p.turn || p.waits == 0:
			delete(p.lines, name)
		default:
			idle++
		}
	}
	if idle > maxIdle {
		p.turn++
	}
}

// makeRoom refuses the last of the longest line, if that is longer than size.
func (p *Pool) makeRoom(size int) bool {
	var longest *line
	for _, l := range p.lines {
		if len(l.waiting) > size {
			longest, size = l, len(l.waiting)
		}
	}
	if longest == nil {
		return false
	}
	last := len(longest.waiting) - 1
	longest.waiting[last] <- p.full
	longest.waiting = longest.waiting[:last]
	p.waits--
	return true
}

// abandon takes a caller that has gone out of its line, or passes on the worker
// that it was given meanwhile.
func (p *Pool) abandon(l *line, ready chan error) {
	p.mu.Lock()
	if i := slices.Index(l.waiting, ready); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		p.waits--
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if err := <-ready; err == nil {
		p.leave()
	}
}
