package auth

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pool bounds how many passwords are hashed at once and how many wait, so that
// guessing passwords costs the guesser and not the players of the process. It
// has no goroutines: the callers' own do the work.
type pool struct {
	places chan struct{} // held while waiting and while working
	work   chan struct{} // held while working
	took   prometheus.Observer
}

func newPool(workers, queue int, took prometheus.Observer) *pool {
	return &pool{
		places: make(chan struct{}, workers+queue),
		work:   make(chan struct{}, workers),
		took:   took,
	}
}

// waiting returns how many callers wait for a worker.
func (p *pool) waiting() int { return max(0, len(p.places)-len(p.work)) }

// do calls f when a worker is free. It returns ErrBusy at once when the queue
// is full, and the context's error when that ends before f has begun.
func (p *pool) do(ctx context.Context, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.places <- struct{}{}:
	default:
		return ErrBusy
	}
	defer func() { <-p.places }()
	select {
	case p.work <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.work }()
	begun := time.Now()
	f()
	p.took.Observe(time.Since(begun).Seconds())
	return nil
}
