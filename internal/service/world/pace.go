package world

import (
	"context"
	"sync"
	"time"
)

// pace knows whether a zone is in time. The host writes it, and the health checks
// read it.
type pace struct {
	mu      sync.Mutex
	due     time.Time // of the next step; zero if nothing is due
	busy    time.Time // since when the host works; zero while it waits
	worst   time.Duration
	worstAt time.Time
}

// wait notes that the host waits for commands, and until when at most; the zero
// time if nothing is due.
func (p *pace) wait(due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due, p.busy = due, time.Time{}
}

// begin notes that the host works.
func (p *pace) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = now
}

// note notes by how much work was late.
func (p *pace) note(now time.Time, late time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if late >= p.worst || now.Sub(p.worstAt) >= lateTold {
		p.worst, p.worstAt = late, now
	}
}

// lag returns for how long players wait for the host now, and the worst of that
// and the last lateTold.
func (p *pace) lag(now time.Time) (late, worst time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, since := range [...]time.Time{p.due, p.busy} {
		if !since.IsZero() {
			late = max(late, now.Sub(since))
		}
	}
	worst = late
	if now.Sub(p.worstAt) < lateTold {
		worst = max(worst, p.worst)
	}
	return late, worst
}

// lag returns by how much the zone is late now, and was lately.
func (h *host) lag() (late, worst time.Duration) { return h.pace.lag(time.Now()) }

// pulse is how often the world looks whether its process was suspended.
const pulse = 500 * time.Millisecond

// watch notes that the process stood still. A zone in which nothing is due would
// not notice it, and its players have waited all the same.
func (w *World) watch(ctx context.Context) {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	due := time.Now().Add(pulse)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		late := now.Sub(due)
		due = now.Add(pulse)
		if late < lateStep {
			continue
		}
		for _, h := range w.hosts {
			if h.present.Load() == 0 {
				continue
			}
			select {
			case h.queue <- func() { h.punctual(time.Now(), late) }:
			default: // it is busy, and has noticed it itself
			}
		}
	}
}
