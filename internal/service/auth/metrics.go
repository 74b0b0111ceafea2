package auth

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// metrics are what the part counts. Names begin with waystone_auth_. Labels
// hold reasons and fixed words only, never anything a caller sent.
type metrics struct {
	logins  *prometheus.CounterVec // by way and result
	joins   *prometheus.CounterVec // by result
	tickets *prometheus.CounterVec // by event: issued, redeemed
	hashing prometheus.Histogram
}

func newMetrics() *metrics {
	return &metrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_logins_total", Help: "Sign-ins by way (ticket, password) and result (ok or the reason of the refusal).",
		}, []string{"way", "result"}),
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_joins_total", Help: "Joins of a stage by result (ok or the reason of the refusal).",
		}, []string{"result"}),
		tickets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_tickets_total", Help: "Tickets by event: issued, redeemed.",
		}, []string{"event"}),
		hashing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waystone_auth_hash_seconds", Help: "Time that hashing one game password took, without the wait.",
			Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1},
		}),
	}
}

func (m *metrics) register(r prometheus.Registerer, p *pool) error {
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "waystone_auth_hash_queue", Help: "Game passwords that wait to be hashed.",
	}, func() float64 { return float64(p.waiting()) })
	var failed []error
	for _, c := range []prometheus.Collector{m.logins, m.joins, m.tickets, m.hashing, waiting} {
		failed = append(failed, r.Register(c))
	}
	return errors.Join(failed...)
}

// result is the value of a result label.
func result(err error) string {
	if err == nil {
		return "ok"
	}
	return errs.ReasonOf(err)
}
