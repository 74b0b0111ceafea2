package world_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/service/world"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// told counts events by what they are.
type told struct{ said, spawned int }

func (s *told) Emit(_ []zone.ID, e zone.Event) {
	switch e.(type) {
	case *zone.Said:
		s.said++
	case *zone.Spawned:
		s.spawned++
	}
}

// TestAZoneRecords what it is told, for its owner's eyes, and a replay comes to
// the same.
func TestAZoneRecords(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "recordings")
	chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
	s := start(t, chars, func(c *world.Config) { c.Record = dir })
	g := s.gateway()
	g.enter(1, chars.rows[1], 1)
	g.enter(2, chars.rows[2], 1)
	g.say(1, worldv1.Channel_CHANNEL_LOCAL, "", "hello")
	g.move(2, 520100, 521000)
	g.fence(1)
	s.shutdown()
	files, err := filepath.Glob(filepath.Join(dir, "zone-20-*.rec"))
	if err != nil || len(files) != 1 {
		t.Fatalf("recordings of zone 20: %v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the recording has mode %v, want 600; %v", info.Mode(), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var sink told
	done, err := zone.Replay(bytes.NewReader(text), &sink, nil)
	if err != nil || done.Commands < 4 || sink.said != 1 || sink.spawned != 2 {
		t.Errorf("replayed %+v with %+v: %v", done, sink, err)
	}
}

// TestADirectoryThatTakesNoRecordings stops the start, and is named.
func TestADirectoryThatTakesNoRecordings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := world.DefaultConfig()
	c.Record = file
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	_, err = world.New(c, world.Deps{Log: slog.New(slog.DiscardHandler), Characters: newCharacters(), Data: d})
	if err == nil || !strings.Contains(err.Error(), "WORLD_RECORD") || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}
