package health

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

//nolint:gochecknoglobals // constants of the metrics
var (
	readyDesc = prometheus.NewDesc("waystone_ready",
		"1 while the process can serve, as /readyz says.", nil, nil)
	failingDesc = prometheus.NewDesc("waystone_health_failing",
		"1 while a check of /readyz fails for a reason. With critical=true the process is not ready then, otherwise it is degraded.",
		[]string{"check", "critical", "reason"}, nil)
)

// Describe implements prometheus.Collector.
func (h *Health) Describe(descs chan<- *prometheus.Desc) {
	descs <- readyDesc
	descs <- failingDesc
}

// Collect implements prometheus.Collector: what the last run of the checks has
// found, with a series for each reason that a check may have.
func (h *Health) Collect(metrics chan<- prometheus.Metric) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gauge := func(d *prometheus.Desc, on bool, labels ...string) {
		value := 0.0
		if on {
			value = 1
		}
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(readyDesc, h.report().Ready)
	for i, w := range h.checks {
		now := ""
		if i < len(h.results) { // one that was added just now has not run
			now = h.results[i].Reason
		}
		for _, reason := range w.labels {
			gauge(failingDesc, reason == now, w.Name, strconv.FormatBool(!w.Degraded), reason)
		}
	}
}
