package rpc

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Metrics counts calls. One value serves all servers of a process.
type Metrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	refused *prometheus.CounterVec
}

// NewMetrics registers the metrics of gRPC servers; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_rpc_calls_total", Help: "Calls answered, by method and code.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waystone_rpc_seconds", Help: "Time to answer a call.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_rpc_connections_refused_total", Help: "Connections to gRPC ports that were closed by a bound: too_many, address (too many from it), memory, slow (an unfinished message).",
		}, []string{"reason"}),
	}
	if reg != nil {
		reg.MustRegister(m.calls, m.seconds, m.refused)
	}
	return m
}

// methodMetrics are the metrics of one method. Those that every successful call
// uses are looked up once, because a lookup by labels costs more than the rest
// of the edge.
type methodMetrics struct {
	calls   *prometheus.CounterVec // curried with the method
	ok      prometheus.Counter
	seconds prometheus.Observer
}

func (m *Metrics) method(fullMethod string) methodMetrics {
	calls := m.calls.MustCurryWith(prometheus.Labels{"method": fullMethod})
	return methodMetrics{
		calls:   calls,
		ok:      calls.WithLabelValues(codes.OK.String()),
		seconds: m.seconds.WithLabelValues(fullMethod),
	}
}

func (m *methodMetrics) observe(start time.Time, err error) {
	if err == nil {
		m.ok.Inc()
	} else {
		m.calls.WithLabelValues(status.Code(err).String()).Inc()
	}
	m.seconds.Observe(time.Since(start).Seconds())
}
