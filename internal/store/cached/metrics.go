package cached

import "github.com/prometheus/client_golang/prometheus"

// metrics are what a Store counts. Names begin with waystone_cache_.
type metrics struct {
	reads  *prometheus.CounterVec // by read and result: hit, miss, fresh
	errors *prometheus.CounterVec // by operation: get, set, del, decode
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_cache_reads_total", Help: "Reads by what was asked for and result: hit, miss or fresh.",
		}, []string{"read", "result"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_cache_errors_total", Help: "Failures of the cache by operation: get, set, del, or decode for a value of another layout.",
		}, []string{"operation"}),
	}
	if reg != nil {
		reg.MustRegister(m.reads, m.errors)
	}
	return m
}
