package world

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the world counts. Names begin with waystone_world_.
type metrics struct {
	step     *prometheus.HistogramVec // by zone
	late     *prometheus.HistogramVec // by zone
	saves    *prometheus.CounterVec   // by result: ok, refused, unavailable
	joins    *prometheus.CounterVec   // by result: ok, rejoined or the reason of a refusal
	departed *prometheus.CounterVec   // by reason
	cut      prometheus.Counter
	unknown  prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waystone_world_" + name, Help: help}, []string{label})
	}
	return &metrics{
		step: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waystone_world_step_seconds", Help: "Time that a zone took for a command, or for what was due.",
			Buckets: []float64{.00001, .00003, .0001, .0005, .001, .005, .01, .025, .05, .1, .25, 1},
		}, []string{"zone"}),
		late: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waystone_world_step_late_seconds", Help: "How long after it was due a step of a zone began.",
			Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"zone"}),
		saves:    counter("saves_total", "Saved characters by result.", "result"),
		joins:    counter("joins_total", "Joins by result: ok, rejoined or why they were refused.", "result"),
		departed: counter("departures_total", "Players that left the world by reason.", "reason"),
		cut:      prometheus.NewCounter(prometheus.CounterOpts{Name: "waystone_world_streams_cut_total", Help: "Streams of gateways that were cut because the gateway did not read fast enough."}),
		unknown: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_world_messages_unknown_total", Help: "Messages of gateways that were ignored because the world does not know their kind.",
		}),
	}
}

func (m *metrics) register(r prometheus.Registerer, w *World) error {
	gauge := func(name, help string, labels prometheus.Labels, f func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_world_" + name, Help: help, ConstLabels: labels,
		}, func() float64 { return float64(f()) })
	}
	all := []prometheus.Collector{
		m.step, m.late, m.saves, m.joins, m.departed, m.cut, m.unknown,
		gauge("players", "Players in the world.", nil, w.directory.len),
		gauge("streams", "Gateways connected.", nil, func() int { return len(w.openStreams()) }),
		gauge("unsaved_characters", "Characters that wait to be saved.", nil, w.saver.unsaved),
	}
	for id, h := range w.hosts {
		labels := prometheus.Labels{"zone": strconv.Itoa(int(id))}
		all = append(all,
			gauge("zone_players", "Players in a zone.", labels, func() int { return int(h.present.Load()) }),
			gauge("zone_queue", "Commands that wait for a zone.", labels, func() int { return len(h.queue) }))
	}
	var failed []error
	for _, c := range all {
		failed = append(failed, r.Register(c))
	}
	return errors.Join(failed...)
}
