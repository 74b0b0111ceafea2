package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/waystone-mmo/waystone/internal/service/auth"
)

func TestPoolBoundsWorkersAndQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := auth.NewPool(2, 3)
		release := make(chan struct{})
		running, done := make(chan struct{}, 8), make(chan error, 8)
		for range 5 {
			go func() {
				done <- p.Do(t.Context(), func() {
					running <- struct{}{}
					<-release
				})
			}()
		}
		synctest.Wait()
		if len(running) != 2 || p.Waiting() != 3 {
			t.Errorf("%d run and %d wait, want 2 and 3", len(running), p.Waiting())
		}
		if err := p.Do(t.Context(), func() { t.Error("ran") }); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("the sixth gets %v", err)
		}
		close(release)
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		ran := false
		if err := p.Do(t.Context(), func() { ran = true }); err != nil || !ran || p.Waiting() != 0 {
			t.Errorf("afterwards: %v, ran %v, %d wait", err, ran, p.Waiting())
		}
	})
}

func TestPoolGivesUpWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := auth.NewPool(1, 1)
		release, done := make(chan struct{}), make(chan error)
		go func() { done <- p.Do(t.Context(), func() { <-release }) }()
		synctest.Wait()

		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() { waiting <- p.Do(ctx, func() { t.Error("ran after its caller had gone") }) }()
		synctest.Wait()
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that waited gets %v", err)
		}
		if p.Waiting() != 0 {
			t.Error("its place is still taken")
		}
		if err := p.Do(ctx, func() { t.Error("ran for a caller that has gone") }); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that has gone gets %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
