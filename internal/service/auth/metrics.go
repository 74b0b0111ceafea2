package auth

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

// metrics are the metrics of the part. Names begin with waystone_auth_. Labels
// hold reasons and fixed words only, never anything that a caller sent.
type metrics struct {
	logins  *prometheus.CounterVec // by way and result
	joins   *prometheus.CounterVec // by result
	tickets *prometheus.CounterVec // by event: issued, redeemed
	hashing prometheus.Histogram
	tries   *prometheus.CounterVec // by device and result
	// unreadable counts hashes of the website of another shape.
	unreadable prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_logins_total", Help: "Sign-ins by way (ticket, one-time-token, used-ticket, password, sign-in, verify) and result (ok or the reason of the refusal).",
		}, []string{"way", "result"}),
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_joins_total", Help: "Joins of a stage by result (ok or the reason of the refusal).",
		}, []string{"result"}),
		tickets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_tickets_total", Help: "Tickets by event: issued, redeemed.",
		}, []string{"event"}),
		hashing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waystone_auth_hash_seconds", Help: "Time that hashing one password took, without the wait.",
			Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1},
		}),
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_auth_tries_total",
			Help: "Attempts at a password by device (known: an address from which the account has signed in; neighbour: another address of its network; new: any other) and result (begun, refused).",
		}, []string{"device", "result"}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_auth_unreadable_hashes_total", Help: "Sign-ins of users whose password the website keeps in another form than better-auth's own.",
		}),
	}
}

func (m *metrics) register(r prometheus.Registerer, p *fairpool.Pool) error {
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "waystone_auth_hash_queue", Help: "Passwords that wait to be hashed.",
	}, func() float64 { return float64(p.Waiting()) })
	var failed []error
	for _, c := range []prometheus.Collector{m.logins, m.joins, m.tickets, m.hashing, m.tries, m.unreadable, waiting} {
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
