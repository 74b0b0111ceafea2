package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	stats := data.Stats{Strength: 15, Dexterity: 15, Intelligence: 15, Concentration: 15, Charm: 10, Sense: 10}
	if hp, mp := d.MaxHP(1, stats), d.MaxMP(1, stats); hp != 72 || mp != 58 {
		t.Errorf("at level 1 health is %d and mana %d, want 72 and 58", hp, mp)
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
		{"running slower than walking", "run_speed: 425", "run_speed: 199", "motion: run_speed is 199"},
		{"long walk", "max_walk: 1000000", "max_walk: 1000001", "motion: max_walk"},
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
