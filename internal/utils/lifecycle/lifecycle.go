// Package lifecycle starts the units of a process in the order of their needs
// and stops them in the reverse order, within a bounded time.
//
//	Run ─► start: needs first ─► ready ─────────────► leave ─► returns
//	             │ fails            │ ctx cancelled,    ▲
//	             │                  │ or a unit failed  │
//	             └── leave ◄────────┘───────────────────┘
//
//	leave = OnDraining → Announce (all at once) → rest of DrainDelay
//	        → Drain (reverse order) → Stop (reverse order)
//
// The goroutine that calls Manager.Run owns everything: it calls each Start,
// Drain and Stop, and waits for every Run that it has started.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// DefaultGracePeriod is the time to leave in when Config names none.
const DefaultGracePeriod = 30 * time.Second

// Unit is a part of the process that starts and stops. Every function may be
// nil, and none is called before the Start of all its needs has returned.
type Unit struct {
	// Name is unique within a Manager and appears in errors and logs.
	Name string
	// Needs names the units that start before this one and stop after it.
	Needs []string

	// Start returns when the unit is ready for those that need it. Its context
	// is cancelled when the process is to end before it is up.
	Start func(ctx context.Context) error

	// Run blocks while the unit works; it is called right after Start. An error
	// before the unit is stopped stops the whole process; nil means that the
	// unit has nothing left to do and changes nothing.
	Run func(ctx context.Context) error

	// Announce tells connected clients that the process is about to stop. It is
	// called while everything still works.
	Announce func(ctx context.Context)

	// Drain saves, and finishes what is in flight. What the unit needs still
	// runs.
	Drain func(ctx context.Context) error

	// Stop releases what Start acquired. Run's context is cancelled just before
	// the call, and Run is awaited after it, so that Stop may be what ends Run
	// (a listener's Close). A loop that must be over before something is
	// released is a unit of its own that needs the one that releases it.
	Stop func(ctx context.Context) error
}

// Config tunes a Manager.
type Config struct {
	// DrainDelay is how long everything keeps working, counted from OnDraining,
	// so that load balancers notice and announcements are read. It has to be
	// shorter than GracePeriod. 0: none.
	DrainDelay time.Duration

	// GracePeriod bounds all of leaving, DrainDelay included. 0: 30 s. Any one
	// call may use at most half of what is left of it, so that a call that
	// hangs never takes the time in which other units save.
	GracePeriod time.Duration

	// OnReady is called once when all units have started. May be nil.
	OnReady func()

	// OnDraining is called once when leaving begins. May be nil.
	OnDraining func()
}

// Manager runs units. Add them, then call Run once.
type Manager struct {
	log   *slog.Logger
	cfg   Config
	units []Unit
}

// New returns a manager without units.
func New(log *slog.Logger, cfg Config) *Manager {
	if cfg.GracePeriod == 0 {
		cfg.GracePeriod = DefaultGracePeriod
	}
	return &Manager{log: log, cfg: cfg}
}

// Add registers a unit; the order does not matter. It must not be called once
// Run has been.
func (m *Manager) Add(u Unit) { m.units = append(m.units, u) }

// Run starts all units, works until ctx is cancelled or a unit fails, leaves in
// order, and returns what went wrong, every error with the name of its unit.
// An orderly end because of ctx gives nil. Errors before the first start are a
// need that no unit has, a cycle of needs, a name used twice, or a DrainDelay
// that does not fit into the GracePeriod.
func (m *Manager) Run(ctx context.Context) error {
	if m.cfg.DrainDelay < 0 || m.cfg.DrainDelay >= m.cfg.GracePeriod {
		return fmt.Errorf("the drain delay (%s) must be shorter than the grace period (%s)",
			m.cfg.DrainDelay, m.cfg.GracePeriod)
	}
	order, err := sorted(m.units)
	if err != nil {
		return err
	}
	// up ends when the process is to leave: by ctx, or by a failed unit, whose
	// error is then its cause.
	up, fail := context.WithCancelCause(ctx)
	defer fail(nil)

	started, err := m.start(up, fail, order)
	ready := false
	if err == nil {
		if ready = up.Err() == nil; ready {
			m.log.Info("all units are ready", "units", len(started))
			call(m.cfg.OnReady)
		}
		<-up.Done()
		err = failure(up)
	}
	m.log.Info("leaving", "grace_period", m.cfg.GracePeriod, "drain_delay", m.cfg.DrainDelay)
	return errors.Join(err, m.leave(started, ready))
}

// running is a unit that has started.
type running struct {
	Unit
	cancel context.CancelFunc // ends Run's context
	done   chan struct{}      // closed when Run has returned
}

// start brings the units up one after the other and returns those that are up,
// with the error of the one that is not. When up ends first it returns early,
// without an error if nothing has failed.
func (m *Manager) start(up context.Context, fail context.CancelCauseFunc, order []Unit) ([]*running, error) {
	var started []*running
	for _, u := range order {
		if up.Err() != nil {
			return started, failure(up)
		}
		began := time.Now()
		if u.Start != nil {
			if err := m.startOne(up, u); err != nil {
				if up.Err() != nil && (errors.Is(err, up.Err()) || errors.Is(err, context.Cause(up))) {
					// The process is to end: the reason is elsewhere, or there is none.
					return started, failure(up)
				}
				return started, fmt.Errorf("start %s: %w", u.Name, err)
			}
		}
		started = append(started, m.launch(up, fail, u))
		m.log.Info("unit started", "unit", u.Name, "took", time.Since(began))
	}
	return started, nil
}

// startOne calls Start. One that goes on although the process is to end has the
// grace period to return, and is then abandoned with ErrHung.
func (m *Manager) startOne(up context.Context, u Unit) error {
	result := make(chan error, 1)
	go func() { result <- u.Start(up) }()
	select {
	case err := <-result:
		return err
	case <-up.Done():
	}
	last := time.NewTimer(m.cfg.GracePeriod)
	defer last.Stop()
	select {
	case err := <-result:
		return err
	case <-last.C:
		return ErrHung
	}
}

// launch starts the unit's Run in a goroutine that leave waits for. Its context
// outlives up, because Run goes on while others drain.
func (m *Manager) launch(up context.Context, fail context.CancelCauseFunc, u Unit) *running {
	ctx, cancel := context.WithCancel(context.WithoutCancel(up))
	r := &running{Unit: u, cancel: cancel, done: make(chan struct{})}
	if u.Run == nil {
		close(r.done)
		return r
	}
	go func() {
		defer close(r.done)
		err := u.Run(ctx)
		switch {
		case ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())):
		case err == nil:
			m.log.Info("unit has finished", "unit", u.Name)
		case ctx.Err() != nil:
			m.log.Warn("unit ended with an error while stopping", "unit", u.Name, "error", err)
		default:
			m.log.Error("unit failed", "unit", u.Name, "error", err)
			fail(&unitError{fmt.Errorf("run %s: %w", u.Name, err)})
		}
	}()
	return r
}

// unitError marks a cause that came from a unit, to tell it from ctx's own.
type unitError struct{ error }

func (e *unitError) Unwrap() error { return e.error }

// failure is the unit's error that ended up, or nil if ctx was cancelled.
func failure(up context.Context) error {
	var failed *unitError
	if errors.As(context.Cause(up), &failed) {
		return failed.error
	}
	return nil
}

func call(f func()) {
	if f != nil {
		f()
	}
}
