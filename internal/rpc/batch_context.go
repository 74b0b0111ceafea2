package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// batchContext is the context of one call of a batch. It has no timer until
// Done is called: a call that asks for Done is about to wait.
type batchContext struct {
	context.Context //nolint:containedctx // the stream's, of which this is a child
	deadline        time.Time
	waits           func() // called once, by the first Done before the call has ended

	once   sync.Once
	timed  atomic.Pointer[timedContext]
	settle atomic.Bool // waits was called, or the call has ended
}

type timedContext struct {
	context.Context //nolint:containedctx // what the batchContext stands for
	cancel          context.CancelFunc
}

// Deadline implements context.Context.
func (c *batchContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements context.Context.
func (c *batchContext) Done() <-chan struct{} {
	c.once.Do(func() {
		ctx, cancel := context.WithDeadline(c.Context, c.deadline)
		c.timed.Store(&timedContext{ctx, cancel})
		if c.settle.CompareAndSwap(false, true) {
			c.waits()
		} else {
			cancel()
		}
	})
	return c.timed.Load().Done()
}

// Err implements context.Context.
func (c *batchContext) Err() error {
	if t := c.timed.Load(); t != nil {
		return t.Err()
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// end is called when the call has returned. It reports whether waits was called
// before.
func (c *batchContext) end() (waited bool) {
	if c.settle.CompareAndSwap(false, true) {
		return false
	}
	c.timed.Load().cancel()
	return true
}
