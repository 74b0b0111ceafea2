package packet_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"golang.org/x/time/rate"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
)

// picture is what a client has been shown. It fails on what names an entity that
// the client does not know.
type picture struct {
	t     *testing.T
	shown map[uint16]packets.SpawnCharacter
	at    map[uint16][2]float32 // where it stands or walks to
	said  map[uint16]int        // lines of chat heard
	ended bool                  // the last thing of all was heard
}

func newPicture(t *testing.T) *picture {
	t.Helper()
	return &picture{t: t, shown: map[uint16]packets.SpawnCharacter{}, at: map[uint16][2]float32{}, said: map[uint16]int{}}
}

func (v *picture) apply(p packets.Packet) {
	v.t.Helper()
	known := func(id uint16) {
		v.t.Helper()
		if _, ok := v.shown[id]; !ok {
			v.t.Fatalf("%T of entity %d, which the client does not know", p, id)
		}
	}
	switch p := p.(type) {
	case *packets.SpawnCharacter:
		if _, ok := v.shown[p.Head.Entity]; ok {
			v.t.Fatalf("entity %d is shown twice", p.Head.Entity)
		}
		v.shown[p.Head.Entity] = *p
		v.at[p.Head.Entity] = [2]float32{p.Head.X, p.Head.Y}
	case *packets.RemoveEntities:
		for _, id := range p.Entities {
			known(id)
			delete(v.shown, id)
			delete(v.at, id)
		}
	case *packets.Move:
		known(p.Entity)
		v.at[p.Entity] = [2]float32{p.X, p.Y}
	case *packets.Stop:
		known(p.Entity)
		v.at[p.Entity] = [2]float32{p.X, p.Y}
	case *packets.LocalChat:
		known(p.Entity)
		v.said[p.Entity]++
	case *packets.Shout:
		v.ended = true
	default:
		v.t.Fatalf("got %T", p)
	}
}

// TestACrowdIsShownAsTheClientTakesIt: a client that takes 200 kB a second is
// shown 3,000 entities, among which there is coming and going, and is not cut.
// What it is told is always of entities that it knows, and in the end it has the
// world's picture.
func TestACrowdIsShownAsTheClientTakesIt(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.QueuePackets, c.QueueBytes = 1024, 1<<16 })
	_, game, player := g.enter()
	if err := game.nc.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	send := func(m *worldv1.ConnectResponse) {
		m.Players = []uint64{player}
		g.world.send <- m
	}
	want, said := map[uint16][2]float32{}, map[uint16]int{}
	const crowd, first = 3000, 100
	for id := uint32(first); id < first+crowd; {
		var list []*worldv1.Entity
		for range 200 {
			x, y := float32(random.IntN(1000)), float32(random.IntN(1000))
			list = append(list, &worldv1.Entity{Id: id, Name: fmt.Sprintf("Somebody%d", id), X: x, Y: y, Speed: 400, RunSpeed: 400})
			want[uint16(id)] = [2]float32{x, y} //nolint:gosec // small
			id++
		}
		send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Spawned{Spawned: &worldv1.Spawned{Entities: list}}})
		for range 200 { // among all so far
			n := first + random.Uint32N(id-first)
			key := uint16(n) //nolint:gosec // small
			if _, there := want[key]; !there {
				continue
			}
			x, y := float32(random.IntN(1000)), float32(random.IntN(1000))
			switch random.IntN(4) {
			case 0:
				delete(want, key)
				send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Removed{Removed: &worldv1.Removed{Entities: []uint32{n}}}})
			case 1:
				want[key] = [2]float32{x, y}
				send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Moved{Moved: &worldv1.Moved{Entity: n, X: x, Y: y}}})
			case 2:
				want[key] = [2]float32{x, y}
				send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Stopped{Stopped: &worldv1.Stopped{Entity: n, X: x, Y: y}}})
			case 3:
				if random.IntN(8) > 0 {
					continue
				}
				said[key]++
				send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{
					Channel: worldv1.Channel_CHANNEL_LOCAL, Entity: n, Text: "hi",
				}}})
			}
		}
	}
	send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_SHOUT, From: "Borin", Text: "end"}}})
	pace := rate.NewLimiter(200_000, 4096)
	v := newPicture(t)
	for !v.ended || len(v.shown) != len(want) {
		p := game.next()
		b, err := packets.Append(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := pace.WaitN(t.Context(), len(b)); err != nil {
			t.Fatal(err)
		}
		v.apply(p)
	}
	// The last entity's own move comes right behind it.
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{
		Channel: worldv1.Channel_CHANNEL_WHISPER, From: "Borin", Text: "fence",
	}}}
	for {
		p := game.next()
		if _, ok := p.(*packets.Whisper); ok {
			break
		}
		v.apply(p)
	}
	for id, at := range want {
		if _, ok := v.shown[id]; !ok {
			t.Errorf("entity %d is not shown", id)
		} else if v.at[id] != at {
			t.Errorf("entity %d is at %v, want %v", id, v.at[id], at)
		}
	}
	for id, n := range said {
		if v.said[id] != n {
			t.Errorf("entity %d said %d lines, and the client heard %d", id, n, v.said[id])
		}
	}
}
