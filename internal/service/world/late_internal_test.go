package world

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// TestAZoneThatStoodStillIsToldOf: a step counts as late from when it was due,
// and the log has one line with the worst once the zone is in time again.
func TestAZoneThatStoodStillIsToldOf(t *testing.T) {
	var log bytes.Buffer
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	w, err := New(DefaultConfig(), Deps{
		Log: slog.New(slog.NewTextHandler(&log, nil)), Data: d, Metrics: reg,
		Characters: struct{ Characters }{}, // never called
	})
	if err != nil {
		t.Fatal(err)
	}
	h := w.hosts[d.Zones()[0].ID]
	now, tick := time.Now(), w.config.Tick
	h.due = now
	for _, late := range []time.Duration{0, 3200 * time.Millisecond, 1500 * time.Millisecond} {
		now = h.due.Add(late)
		h.punctual(now)
	}
	if log.Len() > 0 {
		t.Errorf("told before it was over: %s", &log)
	}
	for range 3 {
		now = now.Add(tick)
		h.punctual(now)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "longest=3.2s") {
		t.Errorf("the log has %q, want one line with 3.2 s", text)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var steps uint64
	var sum float64
	for _, f := range families {
		if f.GetName() != "waystone_world_tick_late_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			steps += m.GetHistogram().GetSampleCount()
			sum += m.GetHistogram().GetSampleSum()
		}
	}
	if steps != 6 || sum < 4.69 || sum > 4.71 {
		t.Errorf("%d steps were late by %v s in all, want 6 and 4.7", steps, sum)
	}
}
