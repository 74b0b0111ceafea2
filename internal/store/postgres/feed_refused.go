package postgres

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Causes for which a notification is not used.
const (
	refusedUnreadable = "unreadable" // it is not from our triggers
	refusedFuture     = "future"     // it tells of a transaction that has not ended
)

// refusedLog is the shortest time between two lines of the log about one cause.
const refusedLog = time.Minute

// refusals counts the notifications that are not used. They do not end the
// feed, because then anybody who knows the channel could end it at any time.
type refusals struct {
	log    *slog.Logger
	counts *prometheus.CounterVec

	mu     sync.Mutex
	logged map[string]time.Time // by cause
}

// NewRefused returns the counter for Config.Refused. It is registered unless
// reg is nil.
func NewRefused(reg prometheus.Registerer) *prometheus.CounterVec {
	counts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_feed_refused_total",
		Help: "Notifications on the channel of the change feed that were not used, by cause: unreadable, or future for a transaction that has not ended.",
	}, []string{"cause"})
	for _, cause := range []string{refusedUnreadable, refusedFuture} {
		counts.WithLabelValues(cause)
	}
	if reg != nil {
		reg.MustRegister(counts)
	}
	return counts
}

// note counts a notification, and logs it unless one with the same cause was
// logged within refusedLog.
func (r *refusals) note(cause string, err error) {
	r.counts.WithLabelValues(cause).Inc()
	r.mu.Lock()
	now := time.Now()
	quiet := now.Sub(r.logged[cause]) < refusedLog
	if !quiet {
		r.logged[cause] = now
	}
	r.mu.Unlock()
	if !quiet {
		r.log.Warn("a notification on the channel of the change feed is not used: somebody else knows game.secret", "why", err.Error())
	}
}
