package packet

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

type metrics struct {
	open       *prometheus.GaugeVec
	closes     *prometheus.CounterVec
	received   *prometheus.CounterVec
	dropped    *prometheus.CounterVec
	sent       *prometheus.CounterVec
	bytes      *prometheus.CounterVec
	watch      prometheus.Gauge
	waited     *prometheus.HistogramVec // by kind: sign-in, step
	turnedAway *prometheus.CounterVec   // by kind and why
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waystone_packet_connections", Help: "Open client connections.",
		}, []string{"stage"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_packet_closed_total", Help: "Client connections that ended, by reason.",
		}, []string{"stage", "reason"}),
		received: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_packet_received_total", Help: "Packets from clients.",
		}, []string{"stage", "packet"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_packet_dropped_total", Help: "Packets from clients that were dropped or ignored, by reason.",
		}, []string{"stage", "reason"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_packet_sent_total", Help: "Packets to clients.",
		}, []string{"stage"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_packet_bytes_total", Help: "Bytes of packets, by direction.",
		}, []string{"stage", "direction"}),
		watch: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waystone_packet_watch", Help: "1 while this gateway gets changes of sessions and users from the database part.",
		}),
	}
	m.waited = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "waystone_packet_turn_wait_seconds", Help: "Time that clients waited in the queue of sign-ins, by kind (sign-in, take-over, step).",
		Buckets: []float64{.001, .01, .1, .5, 1, 2, 5, 10, 30},
	}, []string{"kind"})
	m.turnedAway = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_packet_turned_away_total", Help: "Clients that left the queue of sign-ins without their turn, by kind (sign-in, take-over, step) and why (full, late, gone).",
	}, []string{"kind", "why"})
	if reg != nil {
		reg.MustRegister(m.open, m.closes, m.received, m.dropped, m.sent, m.bytes, m.watch, m.waited, m.turnedAway)
	}
	return m
}

// registerGate registers the metric of how many clients wait at a gate.
func (m *metrics) registerGate(reg prometheus.Registerer, g *gate) {
	if reg == nil {
		return
	}
	for kind, pool := range map[string]*fairpool.Pool{"sign-in": g.signIns, "take-over": g.takeOvers, "step": g.steps} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_packet_turn_queue", Help: "Clients that wait in the queue of sign-ins, by kind (sign-in, take-over, step).",
			ConstLabels: prometheus.Labels{"kind": kind},
		}, func() float64 { return float64(pool.Waiting()) }))
	}
}

// Received implements connection.Metrics.
func (m *metrics) Received(st packets.Stage, name string, size int) {
	m.received.WithLabelValues(st.String(), name).Inc()
	m.bytes.WithLabelValues(st.String(), "in").Add(float64(size))
}

// Dropped implements connection.Metrics.
func (m *metrics) Dropped(st packets.Stage, why connection.Drop) {
	m.dropped.WithLabelValues(st.String(), string(why)).Inc()
}

// Sent implements connection.Metrics.
func (m *metrics) Sent(st packets.Stage, n, bytes int) {
	m.sent.WithLabelValues(st.String()).Add(float64(n))
	m.bytes.WithLabelValues(st.String(), "out").Add(float64(bytes))
}

func (m *metrics) opened(st packets.Stage) { m.open.WithLabelValues(st.String()).Inc() }

func (m *metrics) closed(st packets.Stage, r connection.Reason) {
	m.open.WithLabelValues(st.String()).Dec()
	m.closes.WithLabelValues(st.String(), string(r)).Inc()
}

// watching notes whether the gateway gets changes.
func (m *metrics) watching(hears bool) {
	n := 0.0
	if hears {
		n = 1
	}
	m.watch.Set(n)
}

func (m *metrics) refused(st packets.Stage, r connection.Reason) {
	m.closes.WithLabelValues(st.String(), string(r)).Inc()
}
