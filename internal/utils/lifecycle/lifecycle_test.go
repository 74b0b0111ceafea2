package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/lifecycle"
)

var quiet = slog.New(slog.DiscardHandler)

// journal writes down what is called, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

// unit notes every call and runs until it is told to stop.
func (j *journal) unit(name string, needs ...string) lifecycle.Unit {
	note := func(what string) func(context.Context) error {
		return func(context.Context) error {
			j.add(what + " " + name)
			return nil
		}
	}
	return lifecycle.Unit{
		Name: name, Needs: needs,
		Start:    note("start"),
		Announce: func(context.Context) { j.add("announce") },
		Drain:    note("drain"),
		Stop:     note("stop"),
		Run: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
	}
}

func (j *journal) config() lifecycle.Config {
	return lifecycle.Config{
		GracePeriod: 8 * time.Second,
		OnReady:     func() { j.add("ready") },
		OnDraining:  func() { j.add("draining") },
	}
}

func run(ctx context.Context, cfg lifecycle.Config, units ...lifecycle.Unit) error {
	m := lifecycle.New(quiet, cfg)
	for _, u := range units {
		m.Add(u)
	}
	return m.Run(ctx)
}

func TestStartAndStopInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		cfg := j.config()
		cfg.DrainDelay = 3 * time.Second
		cfg.OnReady = func() { j.add("ready"); cancel() }
		began := time.Now()
		err := run(ctx, cfg, j.unit("world", "store", "auth"), j.unit("auth", "store"), j.unit("store"), j.unit("ops"))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"start store", "start auth", "start world", "start ops", "ready",
			"draining", "announce", "announce", "announce", "announce",
			"drain ops", "drain world", "drain auth", "drain store",
			"stop ops", "stop world", "stop auth", "stop store",
		}
		if diff := cmp.Diff(want, j.all()); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(began); took != cfg.DrainDelay {
			t.Errorf("left in %s, want the drain delay of %s", took, cfg.DrainDelay)
		}
	})
}

func TestUnitOfNilFunctions(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	if err := run(ctx, lifecycle.Config{OnReady: cancel}, lifecycle.Unit{Name: "empty"}); err != nil {
		t.Error(err)
	}
}

func TestWrongPlans(t *testing.T) {
	t.Parallel()
	u := func(name string, needs ...string) lifecycle.Unit { return lifecycle.Unit{Name: name, Needs: needs} }
	for _, c := range []struct {
		name  string
		cfg   lifecycle.Config
		units []lifecycle.Unit
		want  string
	}{
		{"circle", lifecycle.Config{}, []lifecycle.Unit{u("x", "a"), u("a", "b"), u("b", "a")},
			"units need each other in a circle: a → b → a"},
		{"itself", lifecycle.Config{}, []lifecycle.Unit{u("a", "a")}, "units need each other in a circle: a → a"},
		{"unknown", lifecycle.Config{}, []lifecycle.Unit{u("a", "b")}, "unit a needs b, which no unit is named"},
		{"twice", lifecycle.Config{}, []lifecycle.Unit{u("a"), u("a")}, "two units are named a"},
		{"nameless", lifecycle.Config{}, []lifecycle.Unit{u("")}, "a unit has no name"},
		{"delay", lifecycle.Config{DrainDelay: time.Minute}, nil,
			"the drain delay (1m0s) must be shorter than the grace period (30s)"},
	} {
		if err := run(t.Context(), c.cfg, c.units...); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestFailedStartStopsWhatIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		broken := j.unit("world", "store")
		cause := errors.New("no disk")
		broken.Start = func(context.Context) error { return cause }
		cfg := j.config()
		cfg.DrainDelay = time.Second
		began := time.Now()
		err := run(t.Context(), cfg, j.unit("store"), broken, j.unit("packet", "world"))
		if took := time.Since(began); took != 0 {
			t.Errorf("a process that was never ready waited %v for others to notice", took)
		}
		if !errors.Is(err, cause) || err.Error() != "start world: no disk" {
			t.Errorf("got %v", err)
		}
		want := []string{"start store", "draining", "announce", "drain store", "stop store"}
		if diff := cmp.Diff(want, j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFailedRunStopsAllAndIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		cause := errors.New("listener is gone")
		broken := j.unit("auth", "store")
		broken.Run = func(context.Context) error {
			time.Sleep(time.Second)
			return cause
		}
		err := run(t.Context(), j.config(), j.unit("store"), broken, j.unit("world", "auth"))
		if !errors.Is(err, cause) || err.Error() != "run auth: listener is gone" {
			t.Errorf("got %v", err)
		}
		lines := j.all()
		if got := lines[len(lines)-3:]; !cmp.Equal(got, []string{"stop world", "stop auth", "stop store"}) {
			t.Errorf("ended with %v", got)
		}
	})
}

func TestRunThatFailsWhileOthersStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := lifecycle.Unit{Name: "store", Run: func(context.Context) error { return errors.New("corrupt") }}
		slow := lifecycle.Unit{Name: "world", Needs: []string{"store"}, Start: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		if err := run(t.Context(), lifecycle.Config{}, broken, slow); err == nil || err.Error() != "run store: corrupt" {
			t.Errorf("got %v", err)
		}
	})
}

func TestRunThatFinishesChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		once := lifecycle.Unit{Name: "once", Run: func(context.Context) error { return nil }}
		if err := run(ctx, lifecycle.Config{}, once); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("ran for %s", took)
		}
	})
}

func TestCancelledStartIsNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancelCause(t.Context())
		slow := j.unit("slow", "store")
		slow.Start = func(ctx context.Context) error {
			cancel(errors.New("asked to end"))
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if err := run(ctx, j.config(), j.unit("store"), slow); err != nil {
			t.Error(err)
		}
		want := []string{"start store", "draining", "announce", "drain store", "stop store"}
		if diff := cmp.Diff(want, j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStartThatHangsIsAbandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		release := make(chan struct{})
		defer close(release)
		hung := lifecycle.Unit{Name: "hung", Start: func(context.Context) error { <-release; return nil }}
		err := run(ctx, lifecycle.Config{}, hung)
		if !errors.Is(err, lifecycle.ErrHung) || !strings.Contains(err.Error(), "start hung") {
			t.Errorf("got %v", err)
		}
	})
}

func TestStopMayBeWhatEndsRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		server := lifecycle.Unit{
			Name: "server",
			Run:  func(context.Context) error { <-closed; return nil },
			Stop: func(context.Context) error { close(closed); return nil },
		}
		if err := run(ctx, lifecycle.Config{OnReady: cancel}, server); err != nil {
			t.Error(err)
		}
	})
}

func TestRunOutlivesTheDrainOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var stopped bool
		store := lifecycle.Unit{Name: "store", Run: func(ctx context.Context) error {
			<-ctx.Done()
			stopped = true
			return nil
		}}
		world := lifecycle.Unit{Name: "world", Needs: []string{"store"}, Drain: func(context.Context) error {
			time.Sleep(time.Second)
			if stopped {
				return errors.New("the store is gone")
			}
			return nil
		}}
		if err := run(ctx, lifecycle.Config{OnReady: cancel}, store, world); err != nil {
			t.Error(err)
		}
	})
}

// TestHangingUnitsAreNamedInTime hangs in every kind of call at once: the
// others still drain with time to spare, and the grace period holds.
func TestHangingUnitsAreNamedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		hang := func(context.Context) error { <-release; return nil }

		ctx, cancel := context.WithCancel(t.Context())
		cfg := lifecycle.Config{GracePeriod: 16 * time.Second, DrainDelay: time.Second, OnReady: cancel}
		var left time.Duration
		saving := lifecycle.Unit{Name: "saving", Drain: func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return ctx.Err()
		}}
		began := time.Now()
		err := run(ctx, cfg, saving,
			lifecycle.Unit{Name: "a", Announce: func(context.Context) { <-release }},
			lifecycle.Unit{Name: "b", Drain: hang},
			lifecycle.Unit{Name: "c", Stop: hang},
			lifecycle.Unit{Name: "d", Run: hang},
			lifecycle.Unit{Name: "e", Drain: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		)
		if took := time.Since(began); took > cfg.GracePeriod {
			t.Errorf("took %s of a grace period of %s", took, cfg.GracePeriod)
		}
		if left <= 0 {
			t.Errorf("the unit that saves had %s", left)
		}
		want := "drain e: context deadline exceeded\ndrain b: did not return in time\n" +
			"stop d: did not return in time\nstop c: did not return in time"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if !errors.Is(err, lifecycle.ErrHung) {
			t.Error("ErrHung is lost")
		}
	})
}

func TestErrorsOfLeavingAreKept(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	full := errors.New("disk is full")
	err := run(ctx, lifecycle.Config{OnReady: cancel}, lifecycle.Unit{
		Name:  "world",
		Drain: func(context.Context) error { return full },
		Stop:  func(context.Context) error { return errors.New("still open") },
	})
	if !errors.Is(err, full) || err.Error() != "drain world: disk is full\nstop world: still open" {
		t.Errorf("got %v", err)
	}
}
