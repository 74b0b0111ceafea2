package watch

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
)

// metrics are the metrics of a broker. Names begin with waystone_watch_.
type metrics struct {
	events  *prometheus.CounterVec // by kind
	resyncs prometheus.Counter
	// unconfirmed counts changes that were heard but that the rows do not show.
	unconfirmed prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_watch_events_total", Help: "Changes of sessions and users that the feed reported, by kind.",
		}, []string{"kind"}),
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_watch_resyncs_total", Help: "Watchers that were told to check everything they hold.",
		}),
		unconfirmed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_watch_unconfirmed_total", Help: "Bans and ends of users and sessions that the feed reported but the database did not confirm; they were not passed on.",
		}),
	}
}

func (m *metrics) register(r prometheus.Registerer, b *Broker) {
	r.MustRegister(m.events, m.resyncs, m.unconfirmed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "waystone_watch_watchers", Help: "Watchers connected.",
	}, func() float64 {
		b.mu.Lock()
		defer b.mu.Unlock()
		return float64(b.watchers)
	}))
}

func (m *metrics) told(k store.EventKind) { m.events.WithLabelValues(kindName(k)).Inc() }

func kindName(k store.EventKind) string {
	switch k {
	case store.SessionChanged:
		return "session_changed"
	case store.SessionExpired:
		return "session_expired"
	case store.SessionRevoked:
		return "session_revoked"
	case store.UserChanged:
		return "user_changed"
	case store.UserBanned:
		return "user_banned"
	case store.UserUnbanned:
		return "user_unbanned"
	case store.UserDeleted:
		return "user_deleted"
	case store.PasswordChanged:
		return "password_changed"
	case store.PlayClosing:
		return "play_closing"
	default:
		return "other"
	}
}
