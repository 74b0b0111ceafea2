package packet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// asked waits for what the world is asked to put onto quick bars, as slot, kind,
// index.
func (g *gateway) asked(player uint64) (got [][3]uint32) {
	g.t.Helper()
	for {
		m := g.fromGateway()
		if m.GetSetHotbar() == nil || m.GetPlayer() != player {
			continue
		}
		for _, s := range m.GetSetHotbar().GetSlots() {
			got = append(got, [3]uint32{s.GetSlot(), s.GetKind(), s.GetIndex()})
		}
		return got
	}
}

// confirm has the world say what lies on a place.
func (g *gateway) confirm(player uint64, slot, kind, index uint32) {
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_HotbarSet{HotbarSet: &worldv1.HotbarSet{
		Slots: []*databasev1.HotbarSlot{{Slot: slot, Kind: kind, Index: index}, {Slot: 4711}},
	}}}
}

// The client is told once the world has it, and what was put there is sent again
// after the stream was lost, for the world may have forgotten it.
func TestAQuickBarIsTheWorldsToConfirm(t *testing.T) {
	t.Parallel()
	g := start(t, nil)
	g.world.keeps.Store(true)
	g.cut()
	g.linked()
	_, game, player := g.enter()
	game.send(&packets.SetHotbarRequest{Slot: 31, Entry: packets.HotbarSlot{Kind: packets.HotbarSkill, Index: 7}})
	if diff := cmp.Diff([][3]uint32{{31, 3, 7}}, g.asked(player)); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	g.confirm(player, 31, 3, 7)
	// The answer to a quick bar is the first since then.
	if m := expect[*packets.SetHotbar](game); *m != (packets.SetHotbar{Slot: 31, Entry: packets.HotbarSlot{Kind: 3, Index: 7}}) {
		t.Errorf("told %+v", m)
	}

	g.cut()
	g.linked()
	// The player is not back yet.
	game.send(&packets.SetHotbarRequest{Slot: 0, Entry: packets.HotbarSlot{Kind: packets.HotbarEmote, Index: 41}})
	game.send(&packets.SetHotbarRequest{Slot: 31})
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	got := map[uint32][2]uint32{}
	for got[0] == [2]uint32{} || got[31] != [2]uint32{} { // sent again, and what the client sends meanwhile
		for _, s := range g.asked(player) {
			got[s[0]] = [2]uint32{s[1], s[2]}
		}
	}
	if diff := cmp.Diff(map[uint32][2]uint32{0: {4, 41}, 31: {}}, got); diff != "" {
		t.Errorf("in the end the world has (-want +got):\n%s", diff)
	}
}

// A world of before does not keep quick bars: the client is told at once, as
// before, and the world is not asked.
func TestAQuickBarBesideAnOlderWorld(t *testing.T) {
	t.Parallel()
	g := start(t, nil)
	_, game, player := g.enter()
	game.send(&packets.SetHotbarRequest{Slot: 1, Entry: packets.HotbarSlot{Kind: 2, Index: 3}})
	if m := expect[*packets.SetHotbar](game); *m != (packets.SetHotbar{Slot: 1, Entry: packets.HotbarSlot{Kind: 2, Index: 3}}) {
		t.Errorf("told %+v", m)
	}
	game.send(&packets.ChatRequest{Text: "next"})
	if m := g.said(player, "next"); m == nil {
		t.Error("nothing was said")
	}
}

// One kind of 0x782 stands for sitting down and for standing up, so that it is
// sent when a client is to change between the two, and only then.
func TestSittingDownAndStandingUp(t *testing.T) {
	t.Parallel()
	g := start(t, nil)
	_, game, player := g.enter()
	const run, walk = worldv1.MoveMode_MOVE_MODE_RUN, worldv1.MoveMode_MOVE_MODE_WALK
	toggled := func(entity uint32, sitting bool, mode worldv1.MoveMode) {
		g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Toggled{
			Toggled: &worldv1.Toggled{Entity: entity, Sitting: sitting, MoveMode: mode, RunSpeed: 425},
		}}
	}
	want := func(what string, entity uint16, kind uint8) {
		t.Helper()
		if m := expect[*packets.MoveToggle](game); m.Entity != entity || m.Kind != kind || (m.RunSpeed == 0) != (kind == packets.ToggledSit) {
			t.Errorf("%s: %+v, want kind %d", what, m, kind)
		}
	}
	toggled(5, true, run) // the player's own
	want("sits down", 5, packets.ToggledSit)
	toggled(5, true, walk)
	want("switches while sitting", 5, packets.ToggledWalk)
	toggled(5, false, walk)
	want("stands up", 5, packets.ToggledSit)
	toggled(5, false, run)
	want("switches", 5, packets.ToggledRun)

	// Another, who is shown as sitting.
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Spawned{
		Spawned: &worldv1.Spawned{Entities: []*worldv1.Entity{{Id: 9, Name: "Borin", Sitting: true, MoveMode: run}}},
	}}
	if m := expect[*packets.SpawnCharacter](game); m.Head.Action != packets.ActionSit {
		t.Errorf("shown as %d", m.Head.Action)
	}
	toggled(9, false, run)
	want("another stands up", 9, packets.ToggledSit)

	// The player sits when the stream is lost; the world has him sitting still,
	// and then, started anew, standing.
	toggled(5, true, run)
	want("sits down", 5, packets.ToggledSit)
	sits := self(100, 200)
	sits.Sitting = true
	g.cut()
	g.linked()
	g.joinedAgain(player, &worldv1.Entered{Self: sits})
	until[*packets.AdjustPosition](game)
	g.cut()
	g.linked()
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	expect[*packets.AdjustPosition](game)
	want("stands up again", 5, packets.ToggledSit)
	want("runs", 5, packets.ToggledRun)
}
