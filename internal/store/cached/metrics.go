package cached

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
)

// way is a way to read.
type way int

const (
	wayUser way = iota
	wayUsername
	wayEmail
	waySession
	wayCharacter
	wayList
	ways
)

func (w way) String() string {
	return [ways]string{"user", "user_by_username", "user_by_email", "session_by_token", "character", "character_list"}[w]
}

// metrics are what a Store counts. Names begin with waystone_cache_ and
// waystone_feed_. Counters of the hot path are bound once.
type metrics struct {
	hits, shared, misses, fresh [ways]prometheus.Counter
	loads                       [ways]prometheus.Counter
	errors                      *prometheus.CounterVec // by operation: get, set, del, decode, foreign
	refused                     prometheus.Counter
	skipped                     prometheus.Counter
	changes                     [store.TableCharacter + 1]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, s *Store) *metrics {
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_cache_reads_total", Help: "Reads by what was asked for and result: hit in the process, shared for one that the shared cache answered, miss, or fresh.",
	}, []string{"read", "result"})
	loads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_cache_loads_total", Help: "Queries made for reads, by what was asked for. Readers of one key share one.",
	}, []string{"read"})
	changes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waystone_feed_changes_total", Help: "Changes that the feed has told, by table.",
	}, []string{"table"})
	m := &metrics{
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waystone_cache_errors_total", Help: "Failures of the shared cache by operation: get, set, del, decode for a value that cannot be read, or foreign for one that is of another layout or not signed by our key.",
		}, []string{"operation"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_cache_refused_total", Help: "Values of the shared cache that were older than what is known, and not used.",
		}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waystone_cache_skipped_fills_total", Help: "Records not put into the shared cache because too many were waiting.",
		}),
	}
	for w := range ways {
		m.hits[w] = reads.WithLabelValues(w.String(), "hit")
		m.shared[w] = reads.WithLabelValues(w.String(), "shared")
		m.misses[w] = reads.WithLabelValues(w.String(), "miss")
		m.fresh[w] = reads.WithLabelValues(w.String(), "fresh")
		m.loads[w] = loads.WithLabelValues(w.String())
	}
	for table, name := range map[store.Table]string{
		store.TableUser: "user", store.TableSession: "session", store.TableAccount: "account", store.TableCharacter: "character",
	} {
		m.changes[table] = changes.WithLabelValues(name)
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(reads, loads, changes, m.errors, m.refused, m.skipped,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_feed_connected", Help: "Whether the change feed is connected.",
		}, func() float64 { return truth(s.FeedStatus().Connected) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_cache_open", Help: "Whether reads are answered from the cache: the feed was confirmed recently.",
		}, func() float64 { return truth(s.FeedStatus().Open) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_feed_lag_seconds", Help: "Time since the change feed was asked for its newest confirmation.",
		}, func() float64 { return s.FeedStatus().Lag.Seconds() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "waystone_feed_resets_total", Help: "Connections of the change feed; each begins with an empty cache.",
		}, func() float64 { return float64(s.FeedStatus().Resets) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waystone_cache_marks", Help: "Changes remembered to keep older values out.",
		}, func() float64 { return float64(s.guard.marks.Load()) }),
	)
	return m
}

// change counts a change; a table that is new to this binary is not counted.
func (m *metrics) change(t store.Table) {
	if t > 0 && int(t) < len(m.changes) {
		m.changes[t].Inc()
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
