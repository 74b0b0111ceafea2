package lifecycle_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/waystone-mmo/waystone/internal/utils/lifecycle"
)

// TestSignals is not parallel: signals belong to the whole process.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no way to send a process these signals")
	}
	for _, c := range []struct {
		signal os.Signal
		code   int
		name   string
	}{
		{syscall.SIGTERM, 143, "terminated"},
		{os.Interrupt, 130, "interrupt"},
	} {
		codes := make(chan int, 1)
		ctx, stop := lifecycle.Signals(t.Context(), quiet, func(code int) { codes <- code })
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if err := self.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); !strings.Contains(cause.Error(), c.name) {
			t.Errorf("cause %v", cause)
		}
		select {
		case code := <-codes:
			t.Errorf("the first signal ended the process with %d", code)
		default:
		}
		if err := self.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		if code := <-codes; code != c.code {
			t.Errorf("ended with %d, want %d", code, c.code)
		}
		stop()
		stop()
	}
}

func TestSignalsStop(t *testing.T) {
	ctx, stop := lifecycle.Signals(t.Context(), quiet, func(int) { t.Error("ended the process") })
	stop()
	if ctx.Err() == nil {
		t.Error("the context outlives stop")
	}
}
