package database

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// purgeBatch bounds one transaction of the purge.
const purgeBatch = 500

// purger removes characters whose deletion is final, and what is left of users
// who are gone.
type purger interface {
	PurgeCharacters(ctx context.Context, limit int) (int, error)
	Sweep(ctx context.Context, r store.SweepRules) (store.Swept, error)
}

// Purge removes characters whose deletion has become final, and what is left of
// users who are gone. It may run in every replica: one at a time works, the
// others try again an interval later.
type Purge struct {
	rules   store.SweepRules
	every   time.Duration
	log     *slog.Logger
	stopped atomic.Pointer[errs.Error] // why the last sweep removed nothing; nil if it worked

	ended   *prometheus.CounterVec // by what
	refused *prometheus.GaugeVec   // by reason
}

// NewPurge returns the purge of a configuration. Its metrics are registered with
// metrics, unless that is nil.
func NewPurge(cfg Config, log *slog.Logger, metrics prometheus.Registerer) *Purge {
	p := &Purge{
		rules: store.SweepRules{Grace: cfg.SweepGrace, MaxGone: cfg.SweepMaxGone}, every: cfg.PurgeInterval, log: log,
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_sweep_ended_total",
			Help: "What the sweep did about users who are gone: characters marked, returned (unmarked) and purged, other records removed.",
		}, []string{"what"}),
		refused: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waystone_sweep_stopped",
			Help: "1 while the sweep removes nothing because users who are not found may still exist, by reason.",
		}, []string{"reason"}),
	}
	if metrics != nil {
		metrics.MustRegister(p.ended, p.refused)
	}
	return p
}

// Check is the health check. It returns the reason why the sweep removes
// nothing, nil if the sweep works.
func (p *Purge) Check(context.Context) error {
	if refused := p.stopped.Load(); refused != nil {
		return refused
	}
	return nil
}

// Run purges and sweeps once in an interval, until ctx ends.
func (p *Purge) Run(ctx context.Context, s purger) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		n, err := purgeAll(ctx, s)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.log.WarnContext(ctx, "the purge of deleted characters was interrupted", "cause", err.Error())
		case n > 0:
			p.log.InfoContext(ctx, "deleted characters were purged", "characters", n)
		}
		done, err := s.Sweep(ctx, p.rules)
		if ctx.Err() != nil {
			return
		}
		p.note(ctx, done, err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// note logs and counts what a sweep did. If the sweep is stopped, it logs that
// once, with the reason, and again when the sweep goes on.
func (p *Purge) note(ctx context.Context, done store.Swept, err error) {
	for what, n := range map[string]int{"marked": done.Marked, "returned": done.Returned, "purged": done.Purged, "removed": done.Removed} {
		p.ended.WithLabelValues(what).Add(float64(n))
	}
	if done.Marked+done.Purged+done.Removed > 0 {
		p.log.InfoContext(ctx, "what users who are gone had here is removed or marked",
			"characters_marked", done.Marked, "characters_purged", done.Purged, "records_removed", done.Removed)
	}
	if done.Returned > 0 {
		p.log.InfoContext(ctx, "users who were gone are there again; the marks of their characters are removed", "characters", done.Returned)
	}
	var refused *errs.Error
	if errors.As(err, &refused) && (refused.Kind == errs.FailedPrecondition || errors.Is(refused, store.ErrWebsiteHidden)) {
		if before := p.stopped.Swap(refused); before == nil || before.Msg != refused.Msg {
			p.log.WarnContext(ctx, "the sweep is stopped: users who are not found may still exist", "cause", refused.Msg)
		}
		p.refused.Reset()
		p.refused.WithLabelValues(refused.Reason).Set(1)
		return
	}
	if err != nil {
		p.log.WarnContext(ctx, "the sweep for users who are gone was interrupted", "cause", err.Error())
		return
	}
	if p.stopped.Swap(nil) != nil {
		p.log.InfoContext(ctx, "the sweep goes on")
	}
	p.refused.Reset()
}

func purgeAll(ctx context.Context, p purger) (total int, err error) {
	for {
		n, err := p.PurgeCharacters(ctx, purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}
