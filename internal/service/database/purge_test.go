package database_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/store"
)

// fakePurger answers by script and remembers when it was asked.
type fakePurger struct {
	start  time.Time
	script []answer // what comes after it: nothing to purge
	asked  []time.Duration
	limits []int
	sweeps []sweepAnswer // what comes after it: nothing to do
	swept  []time.Duration
	rules  store.SweepRules
}

type sweepAnswer struct {
	done store.Swept
	err  error
}

func (p *fakePurger) Sweep(ctx context.Context, r store.SweepRules) (store.Swept, error) {
	p.swept = append(p.swept, time.Since(p.start))
	p.rules = r
	if err := ctx.Err(); err != nil {
		return store.Swept{}, err
	}
	if len(p.sweeps) == 0 {
		return store.Swept{}, nil
	}
	a := p.sweeps[0]
	p.sweeps = p.sweeps[1:]
	return a.done, a.err
}

// newPurge returns a purge that works every minute.
func newPurge(log io.Writer) *database.Purge {
	return database.NewPurge(database.Config{PurgeInterval: time.Minute, SweepGrace: 48 * time.Hour, SweepMaxGone: 7},
		slog.New(slog.NewTextHandler(log, nil)), nil)
}

type answer struct {
	n   int
	err error
}

func (p *fakePurger) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	p.asked = append(p.asked, time.Since(p.start))
	p.limits = append(p.limits, limit)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(p.script) == 0 {
		return 0, nil
	}
	a := p.script[0]
	p.script = p.script[1:]
	return a.n, a.err
}

func TestPurge(t *testing.T) {
	t.Parallel()
	const full = 500 // characters that one call removes at most
	for name, c := range map[string]struct {
		script []answer
		want   []time.Duration // when it asked within two and a half minutes
		log    []string
	}{
		"nothing to do":      {nil, []time.Duration{0, time.Minute, 2 * time.Minute}, nil},
		"a few":              {[]answer{{n: 3}}, []time.Duration{0, time.Minute, 2 * time.Minute}, []string{"INFO", "characters=3"}},
		"more than one call": {[]answer{{n: full}, {n: full}, {n: 1}}, []time.Duration{0, 0, 0, time.Minute, 2 * time.Minute}, []string{"INFO", "characters=1001"}},
		"exactly one call":   {[]answer{{n: full}}, []time.Duration{0, 0, time.Minute, 2 * time.Minute}, []string{"characters=500"}},
		"a failure": {[]answer{{err: errors.New("the disk is full")}, {n: 7}}, []time.Duration{0, time.Minute, 2 * time.Minute},
			[]string{"WARN", "the disk is full", "characters=7"}},
		"a failure in the middle": {[]answer{{n: full}, {err: errors.New("the disk is full")}}, []time.Duration{0, 0, time.Minute, 2 * time.Minute},
			[]string{"WARN"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := &fakePurger{start: time.Now(), script: c.script}
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
				defer cancel()
				newPurge(&log).Run(ctx, p)
				if got := time.Since(p.start); got != 150*time.Second {
					t.Errorf("it ended after %v, want the end of its context", got)
				}
				if diff := cmp.Diff(c.want, p.asked); diff != "" {
					t.Errorf("when it asked (-want +got):\n%s", diff)
				}
				for _, limit := range p.limits {
					if limit != full {
						t.Errorf("it asked for %d at once, want %d", limit, full)
					}
				}
				for _, w := range c.log {
					if !strings.Contains(log.String(), w) {
						t.Errorf("the log does not say %q:\n%s", w, log.String())
					}
				}
				if c.log == nil && log.Len() > 0 {
					t.Errorf("it logs although nothing happened:\n%s", log.String())
				}
			})
		})
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	many := store.ErrManyGone.With("20 of 100 users are gone")
	for name, c := range map[string]struct {
		sweeps []sweepAnswer
		log    []string
		times  map[string]int // how often the log says something
	}{
		"nothing to do": {nil, nil, nil},
		"users gone":    {[]sweepAnswer{{done: store.Swept{Marked: 5, Purged: 2, Removed: 3}}}, []string{"INFO", "characters_marked=5", "characters_purged=2", "records_removed=3"}, nil},
		"users back":    {[]sweepAnswer{{done: store.Swept{Returned: 4}}}, []string{"INFO", "there again", "characters=4"}, nil},
		"a failure":     {[]sweepAnswer{{err: errors.New("the disk is full")}}, []string{"WARN", "interrupted", "the disk is full"}, nil},
		"many gone": {[]sweepAnswer{{err: many}, {err: many}, {}}, []string{"WARN", "20 of 100 users", "the sweep goes on"},
			map[string]int{"20 of 100 users": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := &fakePurger{start: time.Now(), sweeps: c.sweeps}
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
				defer cancel()
				purge := newPurge(&log)
				purge.Run(ctx, p)
				if diff := cmp.Diff([]time.Duration{0, time.Minute, 2 * time.Minute}, p.swept); diff != "" {
					t.Errorf("when it swept (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(store.SweepRules{Grace: 48 * time.Hour, MaxGone: 7}, p.rules); diff != "" {
					t.Errorf("the rules (-want +got):\n%s", diff)
				}
				for _, w := range c.log {
					if !strings.Contains(log.String(), w) {
						t.Errorf("the log does not say %q:\n%s", w, log.String())
					}
				}
				for w, n := range c.times {
					if got := strings.Count(log.String(), w); got != n {
						t.Errorf("the log says %q %d times, want %d:\n%s", w, got, n, log.String())
					}
				}
				if c.log == nil && log.Len() > 0 {
					t.Errorf("it logs although nothing happened:\n%s", log.String())
				}
				if err := purge.Check(t.Context()); err != nil {
					t.Errorf("in the end the health check fails: %v", err)
				}
			})
		})
	}
}

// While the sweep ends nothing, an operator learns why from the health check and
// the metric.
func TestStoppedSweepIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		purge := database.NewPurge(database.Config{PurgeInterval: time.Minute}, slog.New(slog.DiscardHandler), registry)
		p := &fakePurger{start: time.Now(), sweeps: []sweepAnswer{{err: store.ErrManyGone.With("too many")}, {err: store.ErrUnavailable}}}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		purge.Run(ctx, p)
		// That the store could not be asked in between proves nothing.
		if err := purge.Check(t.Context()); !errors.Is(err, store.ErrManyGone) || err.Error() != "too many" {
			t.Errorf("the health check says %v", err)
		}
		const want = `
# HELP waystone_sweep_stopped 1 while the sweep removes nothing because users who are not found may still exist, by reason.
# TYPE waystone_sweep_stopped gauge
waystone_sweep_stopped{reason="MANY_USERS_GONE"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "waystone_sweep_stopped"); err != nil {
			t.Error(err)
		}
	})
}

func TestPurgeEndsQuietlyInTheMiddle(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &fakePurger{start: time.Now()}
	newPurge(&log).Run(ctx, p)
	if log.Len() > 0 {
		t.Errorf("the end of the process is logged as a failure:\n%s", log.String())
	}
}
