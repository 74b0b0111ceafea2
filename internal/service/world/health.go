package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// Reasons of Late, Standing and Saving.
const (
	reasonLate    = "late"
	reasonStands  = "stands_still"
	reasonRefused = "refused"
)

// LateReasons are the reasons of World.Late; see health.Check.
func LateReasons() []string { return []string{reasonLate, reasonStands} }

// StandingReasons are the reasons of World.Standing; see health.Check.
func StandingReasons() []string { return []string{reasonStands} }

// SavingReasons are the reasons of World.Saving; see health.Check.
func SavingReasons() []string { return []string{reasonLate, reasonRefused} }

const (
	// standsAfter: if a step is late by this much, its zone stands still.
	standsAfter = 3 * time.Second
	// lateTold is for how long a late step is reported.
	lateTold = 5 * time.Second
	// lossTold is for how long a refused save is reported.
	lossTold = time.Minute
)

// Late returns an error that names the zones whose step is late by one second or
// more, or was so shortly before.
func (w *World) Late(context.Context) error {
	var late []string
	reason := reasonLate
	for _, z := range w.data.Zones() {
		h := w.hosts[z.ID]
		now, worst := h.lag()
		switch {
		case now >= standsAfter:
			reason = reasonStands
			late = append(late, fmt.Sprintf("zone %d (%s) has stood still for %.1f s", z.ID, z.Name, now.Seconds()))
		case worst >= lateStep:
			late = append(late, fmt.Sprintf("a step of zone %d (%s) was late by %.1f s", z.ID, z.Name, worst.Seconds()))
		}
	}
	if late == nil {
		return nil
	}
	return health.Because(reason, fmt.Errorf("%s: players wait there; look for a busy or suspended machine, and at /debug/pprof/goroutine",
		strings.Join(late, "; ")))
}

// Standing returns an error while all zones stand still, so that nobody can play.
func (w *World) Standing(context.Context) error {
	for _, h := range w.hosts {
		if now, _ := h.lag(); now < standsAfter {
			return nil
		}
	}
	return health.Because(reasonStands, errors.New("every zone stands still: nobody can play; look at /debug/pprof/goroutine, and restart the world if it stays"))
}

// Saving returns an error while states of players cannot be saved, or if a save was
// refused in the last minute.
func (w *World) Saving(context.Context) error { return w.saver.health(time.Now()) }

func (s *saver) health(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, since := 0, now
	for _, r := range s.records {
		if r.pending() && (r.failed || now.Sub(r.since) > s.retry+s.timeout) {
			n++
			if r.since.Before(since) {
				since = r.since
			}
		}
	}
	if n > 0 {
		err := fmt.Errorf("the state of %s is not saved since %s; it is kept and tried again, and lost if the world ends before",
			players(n), since.UTC().Format(time.RFC3339))
		if s.cause != nil {
			err = fmt.Errorf("%w: %w", err, s.cause)
		}
		return health.Because(reasonLate, err)
	}
	s.losses = slices.DeleteFunc(s.losses, func(at time.Time) bool { return now.Sub(at) >= lossTold })
	if n := len(s.losses); n > 0 {
		return health.Because(reasonRefused, fmt.Errorf("the last state of %s was refused and is lost, since %s: another world has their characters, or the rows were changed by hand; the log has each",
			players(n), s.losses[0].UTC().Format(time.RFC3339)))
	}
	return nil
}

func players(n int) string {
	if n == 1 {
		return "1 player"
	}
	return fmt.Sprintf("%d players", n)
}

// lost notes a refusal. If the character does not exist any more, nothing is lost.
// The caller holds mu.
func (s *saver) lost(err error) {
	if errs.KindOf(err) == errs.NotFound {
		return
	}
	now := time.Now()
	s.losses = slices.DeleteFunc(s.losses, func(at time.Time) bool { return now.Sub(at) >= lossTold })
	s.losses = append(s.losses, now)
}
