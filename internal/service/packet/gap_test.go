package packet_test

import (
	"slices"
	"testing"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// joinedAgain waits until the gateway brings a player back after a cut, and
// lets it in where and as the world has it.
func (g *gateway) joinedAgain(player uint64, e *worldv1.Entered) {
	g.t.Helper()
	if m := g.fromGateway(); m.GetJoin().GetFormerEntity() != 5 || m.GetPlayer() != player {
		g.t.Fatalf("got %v, want the join", m)
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{Character: character("Aria")}}}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Entered{Entered: e}}
}

// self is the player's entity somewhere, standing.
func self(x, y float32) *worldv1.Entity {
	return &worldv1.Entity{Id: 5, X: x, Y: y, TargetX: x, TargetY: y, MoveMode: worldv1.MoveMode_MOVE_MODE_RUN, RunSpeed: 400}
}

// said receives the next line of chat that the gateway sends.
func (g *gateway) said(player uint64, text string) *worldv1.Say {
	g.t.Helper()
	m := g.fromGateway()
	if m.GetSay().GetText() != text || m.GetPlayer() != player {
		g.t.Fatalf("the world got %v, want the line %q", m, text)
	}
	return m.GetSay()
}

// TestTheClientIsPutRightAfterALostStream: where the world has the player, how
// he moves and where he walks to holds, whatever his client believes.
func TestTheClientIsPutRightAfterALostStream(t *testing.T) {
	for name, c := range map[string]struct {
		self *worldv1.Entity
		kind uint8
		goal float32 // 0: he stands
	}{
		"standing": {self(100, 200), packets.ToggledRun, 0},
		"sitting":  {&worldv1.Entity{Id: 5, X: 100, Y: 200, Sitting: true, MoveMode: worldv1.MoveMode_MOVE_MODE_RUN}, packets.ToggledSit, 0},
		"walking": {&worldv1.Entity{
			Id: 5, X: 100, Y: 200, TargetX: 400, TargetY: 200, Moving: true, MoveMode: worldv1.MoveMode_MOVE_MODE_WALK,
		}, packets.ToggledWalk, 400},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, nil)
			_, game, player := g.enter()
			g.cut()
			g.linked()
			g.joinedAgain(player, &worldv1.Entered{Self: c.self})
			if a := expect[*packets.AdjustPosition](game); a.Entity != 5 || a.X != 100 || a.Y != 200 {
				t.Errorf("put right to %+v", a)
			}
			if m := expect[*packets.MoveToggle](game); m.Entity != 5 || m.Kind != c.kind {
				t.Errorf("moves as %+v, want kind %d", m, c.kind)
			}
			if c.goal != 0 {
				if m := expect[*packets.Move](game); m.Entity != 5 || m.X != c.goal || m.Distance != 300 {
					t.Errorf("walks %+v, want to %v", m, c.goal)
				}
			}
		})
	}
}

// TestWhatWentOutOfSightIsNotHiddenAgain when the client forgets what it was
// shown before the stream was lost.
func TestWhatWentOutOfSightIsNotHiddenAgain(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	for _, entity := range []uint32{9, 10} {
		g.spawn(player, entity, "Borin")
		expect[*packets.SpawnCharacter](game)
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Removed{
		Removed: &worldv1.Removed{Entities: []uint32{9}},
	}}
	expect[*packets.RemoveEntities](game)
	g.cut()
	g.linked()
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	if r := expect[*packets.RemoveEntities](game); !slices.Equal(r.Entities, []uint16{10}) {
		t.Errorf("%v are taken from the client, want 10", r.Entities)
	}
}

// TestAWalkInTheGapIsCarriedOut once the player is back: the latest one alone,
// and not when its player did something else after it.
func TestAWalkInTheGapIsCarriedOut(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.cut()
	g.linked()
	// The stream is up, and the player is not back: what is sent now would be
	// dropped by the world.
	game.send(&packets.MoveRequest{X: 1})
	game.send(&packets.MoveRequest{X: 2})
	g.heard(game)
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	if m := g.fromGateway(); m.GetMove().GetX() != 2 || m.GetPlayer() != player {
		t.Fatalf("the world got %v, want the walk to 2", m)
	}

	expect[*packets.AdjustPosition](game)
	expect[*packets.MoveToggle](game)

	g.cut()
	g.linked()
	game.send(&packets.MoveRequest{X: 3})
	game.send(&packets.EmoteRequest{Motion: 1}) // ends a walk
	g.heard(game)
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	game.send(&packets.ChatRequest{Text: "next"})
	g.said(player, "next")
}

// heard waits until the gateway has handled what the client has sent.
func (g *gateway) heard(c *client) {
	g.t.Helper()
	c.send(&packets.CastSelfRequest{})
	expect[*packets.CastCancelled](c)
}

// TestALineInTheGapIsDeliveredLate, once and in order.
func TestALineInTheGapIsDeliveredLate(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.cut()
	g.linked()
	game.send(&packets.ChatRequest{Text: "one"})
	game.send(&packets.WhisperRequest{To: "Borin", Text: "two"})
	game.send(&packets.ShoutRequest{Text: "three"})
	g.heard(game)
	g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
	g.said(player, "one")
	g.said(player, "two")
	g.said(player, "three")
}

// TestALineUnderWayWhenTheStreamIsLost is said again when the world knows that
// it has not carried it out, and not when it has. When the world does not know,
// the speaker is told.
func TestALineUnderWayWhenTheStreamIsLost(t *testing.T) {
	lost := func(t *testing.T) (*gateway, *client, uint64, *worldv1.Say) {
		t.Helper()
		g := start(t, nil)
		_, game, player := g.enter()
		game.send(&packets.ChatRequest{Text: "one"})
		one := g.said(player, "one")
		game.send(&packets.ChatRequest{Text: "two"})
		if two := g.said(player, "two"); two.GetLine() <= one.GetLine() {
			t.Fatalf("the lines are numbered %d and %d", one.GetLine(), two.GetLine())
		}
		g.cut()
		g.linked()
		return g, game, player, one
	}
	t.Run("the world knows", func(t *testing.T) {
		g, _, player, one := lost(t)
		last := one.GetLine()
		g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200), LastLine: &last})
		g.said(player, "two")
	})
	t.Run("the world was restarted", func(t *testing.T) {
		g, game, player, _ := lost(t)
		g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
		for _, text := range []string{"one", "two"} {
			if a := expect[*packets.Announce](game); a.Text != "Perhaps not delivered: "+text {
				t.Errorf("the speaker reads %q", a.Text)
			}
		}
		game.send(&packets.ChatRequest{Text: "three"})
		g.said(player, "three")
	})
	t.Run("acknowledged before", func(t *testing.T) {
		g := start(t, nil)
		_, game, player := g.enter()
		game.send(&packets.ChatRequest{Text: "one"})
		one := g.said(player, "one")
		g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Spoken{Spoken: &worldv1.Spoken{Line: one.GetLine()}}}
		g.spawn(player, 9, "Borin")
		expect[*packets.SpawnCharacter](game) // so that the one before has arrived
		g.cut()
		g.linked()
		g.joinedAgain(player, &worldv1.Entered{Self: self(100, 200)})
		expect[*packets.RemoveEntities](game)
		expect[*packets.AdjustPosition](game) // and no notice before it
		game.send(&packets.ChatRequest{Text: "two"})
		g.said(player, "two")
	})
}

// TestALineThatCannotWaitIsToldOf: beyond what is kept at once, and when its
// time is over.
func TestALineThatCannotWaitIsToldOf(t *testing.T) {
	g := start(t, nil)
	_, game, _ := g.enter()
	g.cut()
	g.linked()
	for _, text := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		game.send(&packets.ChatRequest{Text: text})
	}
	// The ninth finds no room; the others wait until their time is over.
	for _, text := range []string{"9", "1", "2", "3", "4", "5", "6", "7", "8"} {
		if a := expect[*packets.Announce](game); a.Text != "Not delivered: "+text {
			t.Errorf("the speaker reads %q, want the notice of %q", a.Text, text)
		}
	}
}
