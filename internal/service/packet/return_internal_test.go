package packet

import (
	"log/slog"
	"testing"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// manyAway is a link to which a stream has come up again, and what the world is
// sent on it, with so many players who were in a zone before.
func manyAway(t *testing.T, players int) (*worldLink, chan *worldv1.ConnectRequest) {
	t.Helper()
	l := newWorldLink(nil, "gateway", slog.New(slog.DiscardHandler))
	l.notify = func(*player, string) {}
	for id := range uint64(players) {
		l.players[id+1] = &player{id: id + 1, entity: 5, play: &play{}, left: make(chan struct{}), joined: make(chan *worldv1.Joined, 1)}
	}
	l.down()
	return l, l.up(func(error) { t.Error("the stream is cut") }, &worldv1.Welcome{})
}

// joins takes what the world is sent, and returns the players who are asked for.
func joins(t *testing.T, out chan *worldv1.ConnectRequest) (ids []uint64) {
	t.Helper()
	for {
		select {
		case m := <-out:
			if m.GetJoin() == nil {
				t.Fatalf("the world is sent %v, want joins alone", m)
			}
			ids = append(ids, m.GetPlayer())
		default:
			return ids
		}
	}
}

// TestPlayersAreBroughtBackAFewAtATime, also those after one who is refused.
func TestPlayersAreBroughtBackAFewAtATime(t *testing.T) {
	t.Parallel()
	const all = 3*returnsAtOnce + 7
	l, out := manyAway(t, all)
	back := map[uint64]bool{}
	under := joins(t, out)
	for len(under) > 0 {
		if len(under) > returnsAtOnce {
			t.Fatalf("%d are brought back at once, want %d at most", len(under), returnsAtOnce)
		}
		id := under[0]
		if back[id] {
			t.Fatalf("player %d is brought back twice", id)
		}
		back[id] = true
		msg := &worldv1.ConnectResponse{
			Players: []uint64{id}, Message: &worldv1.ConnectResponse_Entered{Entered: &worldv1.Entered{Self: &worldv1.Entity{Id: 6}}},
		}
		if id%10 == 0 {
			msg.Message = &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{Reason: "STALE_GENERATION"}}
		}
		l.receivers(msg)
		under = append(under[1:], joins(t, out)...)
	}
	if len(back) != all || l.away != 0 {
		t.Errorf("%d of %d players were brought back; %d are away", len(back), all, l.away)
	}
}

// TestWhoLeavesBeforeHisTurn: the world, which may have the player still, lets
// him go.
func TestWhoLeavesBeforeHisTurn(t *testing.T) {
	t.Parallel()
	l, out := manyAway(t, returnsAtOnce+1)
	asked := map[uint64]bool{}
	for _, id := range joins(t, out) {
		asked[id] = true
	}
	for id, p := range l.players {
		if asked[id] {
			continue
		}
		if !l.leaveLater(p) {
			t.Fatal("the world cannot be told")
		}
		if m := <-out; m.GetPlayer() != id || m.GetJoin().GetFormerEntity() != 5 {
			t.Errorf("the world is sent %v first, want the join", m)
		}
		if m := <-out; m.GetPlayer() != id || m.GetLeave() == nil {
			t.Errorf("the world is sent %v then, want the leave", m)
		}
	}
}

// TestAStreamLostAgainBringsAllBack who were not back yet, or were.
func TestAStreamLostAgainBringsAllBack(t *testing.T) {
	t.Parallel()
	l, out := manyAway(t, 2*returnsAtOnce)
	first := joins(t, out)
	l.receivers(&worldv1.ConnectResponse{
		Players: first[:1], Message: &worldv1.ConnectResponse_Entered{Entered: &worldv1.Entered{Self: &worldv1.Entity{Id: 6}}},
	})
	l.down()
	out = l.up(func(error) { t.Error("the stream is cut") }, &worldv1.Welcome{})
	if n := len(joins(t, out)); n != returnsAtOnce || l.away != 2*returnsAtOnce {
		t.Errorf("%d are asked for, %d away", n, l.away)
	}
}
