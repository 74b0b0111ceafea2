package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/game/data"
)

func TestBuiltInTables(t *testing.T) {
	t.Parallel()
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Zones()) < 2 {
		t.Errorf("%d zones, want at least 2", len(d.Zones()))
	}
	z, ok := d.Zone(20)
	if !ok || z.ID != 20 || z.Start != (data.Point{X: 520000, Y: 520000}) {
		t.Errorf("zone 20: %+v, %v", z, ok)
	}
	if _, ok := d.Zone(21); ok {
		t.Error("zone 21 is there")
	}
	got, err := d.StartState(0)
	if err != nil {
		t.Fatal(err)
	}
	want := data.State{
		Zone: 20, Point: data.Point{X: 520000, Y: 520000}, ReviveZone: 20,
		Level: 1, HP: 72, MP: 58, Stamina: 5000,
		Stats: data.Stats{Strength: 15, Dexterity: 15, Intelligence: 15, Concentration: 15, Charm: 10, Sense: 10},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("start state (-want +got):\n%s", diff)
	}
	for i := range d.StartPoints() {
		if _, err := d.StartState(uint32(i)); err != nil { //nolint:gosec // a handful
			t.Error(err)
		}
	}
	if _, err := d.StartState(uint32(d.StartPoints())); err == nil { //nolint:gosec // a handful
		t.Error("a start point beyond the last was accepted")
	}
}

func TestTablesAreNotShared(t *testing.T) {
	t.Parallel()
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	d.Zones()[0].Name = "changed"
	if d.Zones()[0].Name == "changed" {
		t.Error("a caller can change the tables")
	}
}

// builtIn returns the text of the built-in file with one thing replaced.
func builtIn(t *testing.T, old, replacement string) []byte {
	t.Helper()
	text, err := os.ReadFile("world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%q is not in world.yaml", old)
	}
	return bytes.Replace(text, []byte(old), []byte(replacement), 1)
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, replacement, want string }{
		{"unknown field", "motion:", "motion:\n  fly_speed: 1", "fly_speed"},
		{"zone twice", "- id: 2\n", "- id: 1\n", "zone 1: id is used by two zones"},
		{"zone 0", "- id: 2\n", "- id: 0\n", "zone 0: id must be from 1 to 65535"},
		{"no name", "name: Harbour", "name: ''", "zone 2: name has 0 bytes"},
		{"bounds turned round", "min: {x: 480000,", "min: {x: 560001,", "zone 20: max.x"},
		{"start outside", "start: {x: 520000, y: 520000}", "start: {x: 1, y: 520000}", "zone 20: start lies outside"},
		{"revive outside", "revive: {x: 520000, y: 520000}", "revive: {x: 520000, y: 1}", "zone 20: revive lies outside"},
		{"not a number", "start: {x: 520000, y: 520000}", "start: {x: .nan, y: 520000}", "zone 20: start lies outside"},
		{"endless sight", "cell: 8000, radius: 8000", "cell: 8000, radius: .inf", "zone 1: sight.radius"},
		{"too many cells", "cell: 8000, radius: 8000", "cell: 100, radius: 100", "zone 1: sight.cell is 100, which makes"},
		{"odd cell", "cell: 8000, radius: 8000", "cell: 100, radius: 8000", "zone 1: sight.cell"},
		{"no such zone", "{zone: 1, x", "{zone: 3, x", "start point 1: zone is 3"},
		{"start point outside", "{zone: 1, x: 524000", "{zone: 1, x: 52400", "start point 1: x, y lies outside of zone 1"},
		{"no such revive zone", "revive_zone: 1}", "revive_zone: 9}", "start point 1: revive_zone is 9"},
		{"running slower than walking", "run_speed: 425", "run_speed: 199", "motion: run_speed is 199"},
		{"long walk", "max_walk: 1000000", "max_walk: 1000001", "motion: max_walk"},
		{"level 0", "level: 1\n", "level: 0\n", "new_character: level"},
		{"no strength", "{strength: 15", "{strength: 0", "new_character: stats.strength"},
		{"debts", "money: 0", "money: -1", "new_character: money"},
		{"stamina", "stamina: 5000", "stamina: 5001", "new_character: stamina"},
		{"vitals", "hp: {base: 30", "hp: {base: 10001", "vitals: hp.base"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := data.Parse("own.yaml", builtIn(t, c.old, c.replacement))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), "own.yaml") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want the file and %q", err, c.want)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good.yaml")
	if err := os.WriteFile(good, builtIn(t, "First Meadow", "Own Meadow"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := data.LoadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	if z, _ := d.Zone(20); z.Name != "Own Meadow" || d.Source() != good {
		t.Errorf("zone %q from %q", z.Name, d.Source())
	}
	if d, err := data.LoadFile(""); err != nil || d.Source() != data.Embedded {
		t.Errorf("no path: %v", err)
	}
	if _, err := data.LoadFile(filepath.Join(dir, "none.yaml")); err == nil {
		t.Error("a missing file was accepted")
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, bytes.Repeat([]byte("#"), data.MaxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := data.LoadFile(large); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("large file: %v", err)
	}
	if _, err := data.Parse("empty.yaml", nil); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("empty file: %v", err)
	}
}
