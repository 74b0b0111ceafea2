package world

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

// TestAZoneThatStoodStillIsToldOf: the log has one line with the worst once the
// zone is in time again, also if nothing happens there any more.
func TestAZoneThatStoodStillIsToldOf(t *testing.T) {
	var log bytes.Buffer
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(DefaultConfig(), Deps{
		Log: slog.New(slog.NewTextHandler(&log, nil)), Data: d,
		Characters: struct{ Characters }{}, // never called
	})
	if err != nil {
		t.Fatal(err)
	}
	h := w.hosts[d.Zones()[0].ID]
	now := time.Now()
	for _, late := range []time.Duration{0, 3200 * time.Millisecond, 1500 * time.Millisecond} {
		now = now.Add(late)
		h.punctual(now, late)
	}
	if log.Len() > 0 {
		t.Errorf("told before it was over: %s", &log)
	}
	if due := h.due(); !due.Equal(now.Add(lateStep)) {
		t.Errorf("the next look is at %v, want %v", due, now.Add(lateStep))
	}
	for range 3 {
		h.punctual(now, 0)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "longest=3.2s") {
		t.Errorf("the log has %q, want one line with 3.2 s", text)
	}
	if due := h.due(); !due.IsZero() {
		t.Errorf("something is due at %v", due)
	}
}

// TestAZoneThatStandsStillIsNamed while it does, within seconds, and no more
// once it goes on.
func TestAZoneThatStandsStillIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := data.Load()
		if err != nil {
			t.Fatal(err)
		}
		w, err := New(DefaultConfig(), Deps{Log: slog.New(slog.DiscardHandler), Data: d, Characters: struct{ Characters }{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Late(t.Context()); err != nil {
			t.Errorf("before the start: %v", err)
		}
		if err := w.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		stall := func(zones []data.Zone) (release func()) {
			stalled := make(chan struct{})
			for _, z := range zones {
				if err := w.hosts[z.ID].post(t.Context(), func() { <-stalled }); err != nil {
					t.Fatal(err)
				}
			}
			return func() { close(stalled) }
		}
		check := func(when, late, standing string) {
			t.Helper()
			for _, c := range []struct {
				err  error
				want string
			}{{w.Late(t.Context()), late}, {w.Standing(t.Context()), standing}} {
				if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
					t.Errorf("%s: %v, want %q", when, c.err, c.want)
				}
			}
		}
		zones := d.Zones()
		name := fmt.Sprintf("zone %d (%s)", zones[0].ID, zones[0].Name)
		time.Sleep(10 * time.Second)
		check("in time", "", "")
		release := stall(zones[:1])
		time.Sleep(2 * time.Second)
		check("late", "a step of "+name+" was late by", "")
		time.Sleep(2 * time.Second)
		check("one stands", name+" has stood still for", "")
		release()
		time.Sleep(time.Second)
		check("goes on", "a step of "+name+" was late by", "")
		time.Sleep(lateTold)
		check("goes on for long", "", "")
		release = stall(zones)
		time.Sleep(4 * time.Second)
		check("all stand", name+" has stood still for", "every zone stands still")
		release()
		time.Sleep(lateTold + time.Second)
		check("all go on", "", "")
		if err := w.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		check("ended", "", "")
	})
}
