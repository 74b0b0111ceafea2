package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrHung marks, in the error of Manager.Run, a unit that had not come back
// from a call when its time was over. Its goroutine is abandoned.
var ErrHung = errors.New("did not return in time")

// leave takes the started units down and returns what failed or hung. Nobody
// has to be given time when the process was never ready.
func (m *Manager) leave(started []*running, ready bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), m.cfg.GracePeriod)
	defer cancel()

	wait := m.cfg.DrainDelay
	if !ready {
		wait = 0
	}
	delay := time.NewTimer(wait)
	defer delay.Stop()
	call(m.cfg.OnDraining)
	m.announce(ctx, started)
	<-delay.C

	slices.Reverse(started)
	var errs []error
	for _, r := range started {
		if r.Drain != nil {
			errs = append(errs, m.step(ctx, "drain", r, r.Drain))
		}
	}
	for _, r := range started {
		errs = append(errs, m.step(ctx, "stop", r, r.stop))
	}
	err := errors.Join(errs...)
	if err == nil {
		m.log.Info("all units have stopped")
	}
	return err
}

// announce calls every Announce at once; one that hangs is left behind and
// named in the log, because it keeps nothing from being saved.
func (m *Manager) announce(ctx context.Context, started []*running) {
	var all sync.WaitGroup
	for _, r := range started {
		if r.Announce == nil {
			continue
		}
		all.Go(func() {
			err := bounded(ctx, func(ctx context.Context) error {
				r.Announce(ctx)
				return nil
			})
			if err != nil {
				m.log.Warn("announcement did not end in time", "unit", r.Name)
			}
		})
	}
	all.Wait()
}

// stop ends Run's context, releases, and waits for Run.
func (r *running) stop(ctx context.Context) error {
	r.cancel()
	var err error
	if r.Stop != nil {
		err = r.Stop(ctx)
	}
	<-r.done // bounded abandons this call when Run does not return
	return err
}

// step makes one bounded call and names the unit in its error.
func (m *Manager) step(ctx context.Context, what string, r *running, f func(context.Context) error) error {
	began := time.Now()
	err := bounded(ctx, f)
	if err != nil {
		m.log.Error("unit did not leave in order", "unit", r.Name, "step", what, "error", err)
		return fmt.Errorf("%s %s: %w", what, r.Name, err)
	}
	m.log.Debug("unit left in order", "unit", r.Name, "step", what, "took", time.Since(began))
	return nil
}

// bounded calls f with a context that ends after half of the time that ctx has
// left. If f has not returned an eighth later, it is abandoned with ErrHung.
func bounded(ctx context.Context, f func(context.Context) error) error {
	deadline, _ := ctx.Deadline()
	left := max(time.Until(deadline), 0)
	mine, cancel := context.WithTimeout(ctx, left/2)
	defer cancel()

	result := make(chan error, 1)
	go func() { result <- f(mine) }()
	select {
	case err := <-result:
		return err
	case <-mine.Done():
	}
	last := time.NewTimer(left / 8)
	defer last.Stop()
	select {
	case err := <-result:
		return err
	case <-last.C:
		return ErrHung
	}
}
