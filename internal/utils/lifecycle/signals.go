package lifecycle

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Signals returns a context that the first SIGINT or SIGTERM cancels, with the
// signal's name in its cause. The second ends the process at once through exit
// (usually os.Exit), with 130 for SIGINT and 143 for SIGTERM. stop gives the
// signals back to the system and waits for the goroutine that listens.
func Signals(ctx context.Context, log *slog.Logger, exit func(int)) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	received := make(chan os.Signal, 2)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	stopped := make(chan struct{})

	var listener sync.WaitGroup
	listener.Go(func() {
		select {
		case s := <-received:
			log.Info("signal received, leaving in order; a second one ends at once", "signal", s.String())
			cancel(fmt.Errorf("received the signal %s", s))
		case <-stopped:
			return
		}
		select {
		case s := <-received:
			log.Warn("second signal received, ending at once", "signal", s.String())
			exit(exitCode(s))
		case <-stopped:
		}
	})
	return ctx, sync.OnceFunc(func() {
		signal.Stop(received)
		close(stopped)
		listener.Wait()
		cancel(nil)
	})
}

// exitCode is what a shell reports for a process that a signal has ended.
func exitCode(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return 1
}
