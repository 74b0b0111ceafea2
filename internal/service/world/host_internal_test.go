package world

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestACallThatHasBegunIsNotGivenUp: it is an error only for work that is never
// done.
func TestACallThatHasBegunIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{queue: make(chan func(), 1), stopped: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		finish, result := make(chan struct{}), make(chan error)
		go func() { result <- h.call(ctx, func() { <-finish }) }()
		go (<-h.queue)()
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(finish)
		if err := <-result; err != nil {
			t.Errorf("a call that was carried out: %v", err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		go func() { result <- h.call(ctx, func() { t.Error("ran after it was given up") }) }()
		late := <-h.queue
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("a call that was given up: %v", err)
		}
		late()
	})
}
