package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// ignore hears nothing.
type ignore struct{}

func (ignore) Emit([]zone.ID, zone.Event) {}

// recordZone writes the recording of a short life of two.
func recordZone(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "zone.rec")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	place, _ := d.Zone(20)
	r := zone.NewRecorder(f, 1<<20)
	z, err := zone.New(zone.Config{Zone: place, Motion: d.Motion(), Capacity: 2, Sink: ignore{}, Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	z.Do(now, func(tx *zone.Tx) {
		for range 2 {
			if _, err := tx.Enter(zone.Enter{Pos: place.Start}); err != nil {
				t.Fatal(err)
			}
		}
	})
	z.Do(now.Add(2*time.Second), func(tx *zone.Tx) { tx.Say(1, "hello") })
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplay(t *testing.T) {
	t.Parallel()
	path := recordZone(t)
	got := run(t, env{}, "", "replay", path)
	want := "zone 20 (First Meadow): 2 steps with 3 commands in 2s, 2 in the zone at the end\nthe 3 events are those that were recorded; sha256 "
	if got.code != 0 || !strings.HasPrefix(got.stdout, want) {
		t.Errorf("status %d, %q, %q; want %q…", got.code, got.stdout, got.stderr, want)
	}
	if again := run(t, env{}, "", "replay", path); again.stdout != got.stdout {
		t.Errorf("again: %q, before %q", again.stdout, got.stdout)
	}

	got = run(t, env{}, "", "replay", "--events", path)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	var last struct {
		Seconds float64
		To      []int
		Event   string
		Data    struct{ Text string }
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 || last.Seconds != 2 || len(last.To) != 2 || last.Event != "Said" || last.Data.Text != "hello" {
		t.Errorf("%d lines, the last %+v", len(lines), last)
	}
}

func TestReplayOfBadFiles(t *testing.T) {
	t.Parallel()
	path := recordZone(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cut := run(t, env{}, "", "replay", write("cut.rec", text[:len(text)-3]))
	if cut.code != 0 || !strings.Contains(cut.stdout, "1 steps") || !strings.Contains(cut.stdout, "the recording ends in the middle of a step") {
		t.Errorf("a recording that was cut: status %d, %q, %q", cut.code, cut.stdout, cut.stderr)
	}
	other := strings.Replace(string(text), "hello", "hallo", 1)
	differs := run(t, env{}, "", "replay", write("other.rec", []byte(other)))
	if differs.code != 1 || !strings.Contains(differs.stderr, "step 2, after 2s: the events differ") {
		t.Errorf("a recording that was changed: status %d, %q", differs.code, differs.stderr)
	}
	none := run(t, env{}, "", "replay", write("none.rec", []byte("hello\n")))
	if none.code != 1 || !strings.Contains(none.stderr, "none.rec: this is no recording of a zone") {
		t.Errorf("another file: status %d, %q", none.code, none.stderr)
	}
	if r := run(t, env{}, "", "replay"); r.code != 2 {
		t.Errorf("no file: status %d, %q", r.code, r.stderr)
	}
}
