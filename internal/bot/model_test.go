package bot_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func after(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// inZone returns a model of a bot "Self", entity 1, at 1000, 1000.
func inZone() *bot.Model {
	m := bot.NewModel()
	m.Apply(epoch,
		&packets.CharacterData{Zone: 20, X: 1000, Y: 1000, UniqueID: 77, Name: "Self"},
		&packets.JoinZoneReply{Entity: 1})
	return m
}

func spawned(id uint16, name string, x, y float32) *packets.SpawnCharacter {
	return &packets.SpawnCharacter{
		Head: packets.SpawnHead{Entity: id, X: x, Y: y, MoveMode: packets.MoveRun}, Name: name, RunSpeed: 500,
	}
}

func TestWalksAreComputed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		packets map[float64][]packets.Packet // by second; at 0 Ada stands at 0, 0
		at      float64
		x, y    float32
		walking bool
	}{
		{"stands", nil, 5, 0, 0, false},
		{"half way, running", map[float64][]packets.Packet{0: {&packets.Move{Entity: 2, X: 1000}}}, 1, 500, 0, true},
		{"arrived", map[float64][]packets.Packet{0: {&packets.Move{Entity: 2, X: 1000}}}, 2, 1000, 0, false},
		{"long arrived", map[float64][]packets.Packet{0: {&packets.Move{Entity: 2, X: 300, Y: 400}}}, 90, 300, 400, false},
		{"aslant", map[float64][]packets.Packet{0: {&packets.Move{Entity: 2, X: 600, Y: 800}}}, 1, 300, 400, true},
		{"another target on the way", map[float64][]packets.Packet{
			0: {&packets.Move{Entity: 2, X: 1000}}, 1: {&packets.Move{Entity: 2, X: 500, Y: 1000}},
		}, 2, 500, 500, true},
		{"at a walk", map[float64][]packets.Packet{
			0: {&packets.MoveToggle{Entity: 2, Kind: packets.ToggledWalk, RunSpeed: 500}, &packets.Move{Entity: 2, X: 1000}},
		}, 1, 200, 0, true},
		{"slows down half way", map[float64][]packets.Packet{
			0: {&packets.Move{Entity: 2, X: 1000}}, 1: {&packets.MoveToggle{Entity: 2, Kind: packets.ToggledWalk}},
		}, 2, 700, 0, true},
		{"the move says how", map[float64][]packets.Packet{
			0: {&packets.MoveWithMode{Move: packets.Move{Entity: 2, X: 1000}, Mode: packets.MoveWalk}},
		}, 2, 400, 0, true},
		{"becomes faster", map[float64][]packets.Packet{
			0: {&packets.Move{Entity: 2, X: 2000}}, 1: {&packets.UpdateSpeed{Entity: 2, RunSpeed: 1000}},
		}, 2, 1500, 0, true},
		{"a speed of 0 is none", map[float64][]packets.Packet{
			0: {&packets.UpdateSpeed{Entity: 2}, &packets.Move{Entity: 2, X: 1000}},
		}, 1, 500, 0, true},
		{"stopped", map[float64][]packets.Packet{
			0: {&packets.Move{Entity: 2, X: 1000}}, 1: {&packets.Stop{Entity: 2, X: 480, Y: 3}},
		}, 5, 480, 3, false},
		{"put elsewhere", map[float64][]packets.Packet{
			0: {&packets.Move{Entity: 2, X: 1000}}, 1: {&packets.AdjustPosition{Entity: 2, X: 10, Y: 20}},
		}, 5, 10, 20, false},
		{"comes into sight walking", map[float64][]packets.Packet{0: {&packets.SpawnCharacter{
			Head: packets.SpawnHead{Entity: 2, X: 100, Y: 0, DestX: 600, Action: packets.ActionMove, MoveMode: packets.MoveWalk}, Name: "Ada",
		}}}, 1, 300, 0, true},
		{"of another entity", map[float64][]packets.Packet{0: {&packets.Move{Entity: 9, X: 1000}}}, 1, 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := inZone()
			m.Apply(epoch, spawned(2, "Ada", 0, 0))
			for second := range 10 {
				m.Apply(after(float64(second)), tt.packets[float64(second)]...)
			}
			got, ok := m.View(after(tt.at)).Find("Ada")
			if !ok {
				t.Fatal("out of sight")
			}
			if math.Abs(float64(got.X-tt.x)) > 0.5 || math.Abs(float64(got.Y-tt.y)) > 0.5 || got.Walking != tt.walking {
				t.Errorf("at %v, %v, walking %t; want %v, %v, %t", got.X, got.Y, got.Walking, tt.x, tt.y, tt.walking)
			}
		})
	}
}

func TestSight(t *testing.T) {
	t.Parallel()
	m := inZone()
	m.Apply(epoch, spawned(3, "Bob", 5, 6), spawned(2, "Ada", 0, 0),
		&packets.SpawnMonster{Head: packets.SpawnHead{Entity: 9, X: 1, Action: packets.ActionSit}},
		&packets.SpawnNPC{Head: packets.SpawnHead{Entity: 8, X: 2}})
	names := func() (list []string) {
		for _, e := range m.View(epoch).InSight() {
			list = append(list, fmt.Sprintf("%d %s", e.ID, e.Name))
		}
		return list
	}
	if diff := cmp.Diff([]string{"2 Ada", "3 Bob", "8 ", "9 "}, names()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, ok := m.View(epoch).Find("Self"); ok {
		t.Error("the bot found itself")
	}
	m.Apply(epoch, &packets.RemoveEntities{Entities: []uint16{3, 8, 1, 500}})
	if diff := cmp.Diff([]string{"2 Ada", "9 "}, names()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if self, ok := m.View(epoch).Self(); !ok || self.X != 1000 || self.Name != "Self" {
		t.Errorf("self %+v, %t", self, ok)
	}
	// A zone joined again begins with nobody in sight.
	m.Apply(epoch, &packets.JoinZoneReply{Entity: 4})
	if got := names(); got != nil {
		t.Errorf("in sight: %v", got)
	}
}

func TestSittingAndStanding(t *testing.T) {
	t.Parallel()
	m := inZone()
	for _, tt := range []struct {
		kind             uint8
		sitting, running bool
	}{
		{packets.ToggledSit, true, true}, {packets.ToggledSit, false, true},
		{packets.ToggledWalk, false, false}, {packets.ToggledSit, true, false},
		{packets.ToggledRun, true, true}, {packets.ToggledSit, false, true},
	} {
		m.Apply(epoch, &packets.MoveToggle{Entity: 1, Kind: tt.kind})
		if self, _ := m.View(epoch).Self(); self.Sitting != tt.sitting || self.Running != tt.running {
			t.Errorf("kind %d: %+v", tt.kind, self)
		}
	}
}

func TestNextArrivalIsTheEarliestAhead(t *testing.T) {
	t.Parallel()
	m := inZone()
	m.Apply(epoch, spawned(2, "Ada", 0, 0), spawned(3, "Bob", 0, 0))
	if at, ok := m.NextArrival(epoch); ok {
		t.Errorf("nobody walks, but somebody arrives at %v", at)
	}
	m.Apply(epoch, &packets.Move{Entity: 2, X: 1500}, &packets.Move{Entity: 3, X: 500})
	for now, want := range map[float64]float64{0: 1, 1: 3, 2: 3} {
		if at, ok := m.NextArrival(after(now)); !ok || !at.Equal(after(want)) {
			t.Errorf("after %v s: %v, %t; want %v s", now, at, ok, want)
		}
	}
	if _, ok := m.NextArrival(after(3)); ok {
		t.Error("all have arrived")
	}
}

func TestTextsAreKeptWithTheirSpeakersAndBounded(t *testing.T) {
	t.Parallel()
	m := inZone()
	m.Apply(epoch, spawned(2, "Ada", 0, 0),
		&packets.LocalChat{Entity: 2, Text: "near"}, &packets.LocalChat{Entity: 99, Text: "unseen"},
		&packets.Whisper{From: "Bob", Text: "secret"}, &packets.Shout{From: "Cyd", Text: "far"},
		&packets.Announce{Text: "all", Name: "GM"})
	want := []bot.Heard{
		{Kind: bot.HeardLocal, From: "Ada", Text: "near", At: epoch}, {Kind: bot.HeardLocal, Text: "unseen", At: epoch},
		{Kind: bot.HeardWhisper, From: "Bob", Text: "secret", At: epoch}, {Kind: bot.HeardShout, From: "Cyd", Text: "far", At: epoch},
		{Kind: bot.HeardAnnounce, From: "GM", Text: "all", At: epoch},
	}
	if diff := cmp.Diff(want, m.View(epoch).Heard()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for n := range 2 * bot.MaxHeard {
		m.Apply(epoch, &packets.Shout{From: "Cyd", Text: strconv.Itoa(n)})
	}
	v := m.View(epoch)
	if got := v.Heard(); len(got) != bot.MaxHeard || got[bot.MaxHeard-1].Text != strconv.Itoa(2*bot.MaxHeard-1) {
		t.Errorf("%d texts, the last %q", len(got), got[len(got)-1].Text)
	}
	if v.HeardFrom(bot.HeardLocal, "Ada", "near") || v.Texts() != uint64(2*bot.MaxHeard+5) {
		t.Errorf("forgotten text is known, or %d texts counted", v.Texts())
	}
}
