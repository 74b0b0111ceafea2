package world

import (
	"sync"
	"time"
)

// pace knows when steps of a zone are due and how late they were. The host writes
// it, and the health checks read it.
type pace struct {
	mu      sync.Mutex
	due     time.Time // of the next step; zero before the first and after the last
	worst   time.Duration
	worstAt time.Time
}

// next says when the next step is due; the zero time if there is none.
func (p *pace) next(due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = due
}

// begin notes that a step begins, and returns how long after it was due.
func (p *pace) begin(now time.Time, tick time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := max(0, now.Sub(p.due))
	p.due = now.Add(tick)
	if late >= p.worst || now.Sub(p.worstAt) >= lateTold {
		p.worst, p.worstAt = late, now
	}
	return late
}

// lag returns by how much the step that is due is late now, and the worst of
// that and the last lateTold.
func (p *pace) lag(now time.Time) (late, worst time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due.IsZero() {
		return 0, 0
	}
	late = max(0, now.Sub(p.due))
	worst = late
	if now.Sub(p.worstAt) < lateTold {
		worst = max(worst, p.worst)
	}
	return late, worst
}

// lag returns by how much the zone is late now, and was lately.
func (h *host) lag() (late, worst time.Duration) { return h.pace.lag(time.Now()) }
