package faultstore

import (
	"context"
	"sync"
)

// Fail answers err without asking the store.
func Fail(err error) Fault {
	return func(context.Context, func() error) error { return err }
}

// Lose carries the call out and then answers err, as when a connection breaks
// before the answer is through.
func Lose(err error) Fault {
	return func(_ context.Context, call func() error) error {
		if e := call(); e != nil {
			return e
		}
		return err
	}
}

// Panic panics with v.
func Panic(v any) Fault {
	return func(context.Context, func() error) error { panic(v) }
}

// Times lets f strike n times; calls after that go straight to the store.
func Times(n int, f Fault) Fault {
	var mu sync.Mutex
	return func(ctx context.Context, call func() error) error {
		mu.Lock()
		strike := n > 0
		n--
		mu.Unlock()
		if strike {
			return f(ctx, call)
		}
		return call()
	}
}

// Gate holds calls. Every call that reaches it is told on Arrived and waits
// until Open; a call whose context ends first fails with its error.
type Gate struct {
	// Arrived gets a value for every held call. The test has to receive it.
	Arrived chan struct{}
	open    chan struct{}
	once    sync.Once
}

// NewGate returns a closed gate.
func NewGate() *Gate {
	return &Gate{Arrived: make(chan struct{}), open: make(chan struct{})}
}

// Open lets all calls pass, those to come included. Opening again does nothing.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// Before holds a call before the store is asked.
func (g *Gate) Before(ctx context.Context, call func() error) error {
	if err := g.wait(ctx); err != nil {
		return err
	}
	return call()
}

// After holds a call between the store's answer and its caller: what it brings
// may be old by then.
func (g *Gate) After(ctx context.Context, call func() error) error {
	err := call()
	if e := g.wait(ctx); e != nil {
		return e
	}
	return err
}

func (g *Gate) wait(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	default:
	}
	select {
	case g.Arrived <- struct{}{}:
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
