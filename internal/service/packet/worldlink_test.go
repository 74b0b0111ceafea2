package packet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
)

// TestTheWorldsRefusalReachesTheClient: the reason of a refused join is never
// lost to the end of the join that comes with it.
func TestTheWorldsRefusalReachesTheClient(t *testing.T) {
	g := start(t, nil)
	g.characters.list = []*databasev1.Character{character("Aria")}
	for range 30 {
		world := g.choose()
		world.send(&packets.CharacterListRequest{})
		expect[*packets.CharacterListReply](world)
		world.send(&packets.SelectCharacterRequest{Name: "Aria"})
		to := expect[*packets.MoveServer](world)
		game := g.dial(packets.Game)
		game.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
		player := g.fromGateway().GetPlayer()
		g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{
			Joined: &worldv1.Joined{Reason: "STALE_GENERATION"},
		}}
		if r := expect[*packets.JoinReply](game); r.Result != packets.JoinAlreadyLoggedIn {
			t.Fatalf("join reply %d, want %d", r.Result, packets.JoinAlreadyLoggedIn)
		}
		game.expectEnd()
	}
}

// TestALeaveIsNeverLost: when the world does not take what it is sent, a leave
// that finds no room cuts the stream, so that the world saves and removes the
// player by itself.
func TestALeaveIsNeverLost(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.PlayPerSecond, c.PlayBurst = 100000, 100000 })
	_, game, player := g.enter()
	stop := make(chan struct{})
	defer close(stop)
	for range 20000 { // more than all queues on the way hold
		game.send(&packets.MoveRequest{X: 1, Y: 2, Z: 3})
	}
	_ = game.nc.Close()
	g.closed(packets.Game, "client_gone", 1)
	go func() {
		for {
			select {
			case <-g.world.got:
			case <-stop:
				return
			}
		}
	}()
	await(t, g.world.streams, fmt.Sprintf("a new stream; player %d stands in the world for ever", player))
	if n := g.srv.Status().Players; n != 0 {
		t.Errorf("%d players are left", n)
	}
}

// TestDrainTakesPlayersOut: a gateway that stops alone announces it, and its
// players leave the world, saved, before its stream ends.
func TestDrainTakesPlayersOut(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.srv.Announce(t.Context())
	expect[*packets.Announce](game)
	drained := make(chan error, 1)
	go func() { drained <- g.srv.Drain(t.Context()) }()
	game.expectEnd()
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		t.Fatalf("got %v, want a leave", m)
	}
	select {
	case err := <-drained:
		t.Fatalf("drained (%v) before the world has saved the player", err)
	default:
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: "LEFT"}}}
	select {
	case err := <-drained:
		if err != nil {
			t.Errorf("drain: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the drain does not end")
	}
	if n := len(g.auth.ended); n != 1 {
		t.Errorf("%d play records were ended when the drain ended, want 1", n)
	}
	g.closed(packets.Game, "shutdown", 1)
}

// TestAWorldThatStandsStillIsNoticed within seconds, while the stream is up.
func TestAWorldThatStandsStillIsNoticed(t *testing.T) {
	g := start(t, nil)
	var err error
	g.eventually("the gateway says that the world stands still", func() bool {
		err = g.srv.Ready(t.Context())
		return err != nil
	})
	if !strings.Contains(err.Error(), "the world has not answered for 2.") {
		t.Errorf("not ready: %v", err)
	}
	g.world.send <- &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Alive{Alive: &worldv1.Alive{}}}
	g.eventually("the gateway is ready again", func() bool { return g.srv.Ready(t.Context()) == nil })
}
