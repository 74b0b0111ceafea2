package packet

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// from is a client's connection of which only the address is looked at, and
// whether it was closed.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.address), 4711))
}

func (f *from) Close() error {
	f.closed = true
	return nil
}

// connect returns a connection at a stage, which is not served.
func connect(st packets.Stage, address string) *connection.Conn {
	return connection.New(&connection.Config{Stage: st}, &from{address: address}, nil)
}

var aRecord = &databasev1.Play{Id: "play-1", UserId: "user-alice", Generation: 1}

// TestAPlayThatIsEndingIsRenewed: the world may take longer to save than a lease
// lasts. It takes no more connections.
func TestAPlayThatIsEndingIsRenewed(t *testing.T) {
	ps := newPlays(time.Now)
	c := connect(packets.Game, "192.0.2.1")
	p := ps.attach(aRecord, c).play
	if conns, first := ps.end(p); !first || !slices.Equal(conns, []*connection.Conn{c}) {
		t.Fatalf("ended with the connections %v, first %v", conns, first)
	}
	ps.detach(p, c)
	if renew, lapsed, stray := ps.due(); !slices.Equal(renew, []*play{p}) || len(lapsed) != 0 || len(stray) != 0 {
		t.Errorf("while it ends, due are %v, %v and %v; want that it is renewed", renew, lapsed, stray)
	}
	if a := ps.attach(aRecord, connect(packets.Game, "192.0.2.1")); a.play != nil || a.former != nil || ps.at(p, packets.Game) != nil {
		t.Errorf("it has taken a connection: %+v", a)
	}
	ps.forget(p)
	if renew, lapsed, stray := ps.due(); len(renew)+len(lapsed)+len(stray) != 0 {
		t.Errorf("after its end, due are %v, %v and %v", renew, lapsed, stray)
	}
}

// TestAnOlderConnectionTakesOnlyItselfOut: another one has its stage by then.
func TestAnOlderConnectionTakesOnlyItselfOut(t *testing.T) {
	ps := newPlays(time.Now)
	older, newer := connect(packets.World, "192.0.2.1"), connect(packets.World, "192.0.2.1")
	p := ps.attach(aRecord, older).play
	if a := ps.attach(aRecord, newer); a.play != p || a.former != older {
		t.Errorf("the newer one's attach is %+v", a)
	}
	if ps.detach(p, older) || ps.at(p, packets.World) != newer {
		t.Error("the older one has taken the newer one out")
	}
	if !ps.detach(p, newer) || ps.at(p, packets.World) != nil {
		t.Error("the last one does not end the play")
	}
}

// TestAddressesAreCounted by what one customer gets, and forgotten with their
// last connection.
func TestAddressesAreCounted(t *testing.T) {
	l := newLimits(100, 2)
	take := func(address string) *place {
		p, _ := l.take(connect(packets.Login, address))
		return p
	}
	var held []*place
	for _, c := range []struct {
		address string
		allowed bool
	}{
		{"2001:db8:0:1::1", true},
		{"2001:db8:0:1::2", true},
		{"2001:db8:0:1:ffff::3", false},
		{"2001:db8:0:2::1", true},
		{"192.0.2.1", true},
		{"192.0.2.1", true},
		{"192.0.2.1", false},
		{"192.0.2.2", true},
	} {
		p := take(c.address)
		if (p != nil) != c.allowed {
			t.Errorf("%s: allowed %v, want %v", c.address, p != nil, c.allowed)
		}
		if p != nil {
			held = append(held, p)
		}
	}
	for _, p := range held {
		l.give(p)
	}
	if l.count() != 0 || len(l.byAddress) != 0 || l.waiting.Len() != 0 {
		t.Errorf("in the end: %d connections, %d addresses, %d that wait", l.count(), len(l.byAddress), l.waiting.Len())
	}
}

// TestAConnectionDuringTheStopHoldsNoPlace.
func TestAConnectionDuringTheStopHoldsNoPlace(t *testing.T) {
	s := &Server{limits: newLimits(2, 2), log: slog.New(slog.DiscardHandler)} // open is nil once it stops
	nc := &from{address: "192.0.2.1"}
	s.admit(t.Context(), nc, &connection.Config{Stage: packets.Login}, nil)
	if !nc.closed || s.limits.count() != 0 {
		t.Errorf("closed %v, and %d places are taken", nc.closed, s.limits.count())
	}
}

// TestAPlayThatIsOutIsNotJoined: what ended it may come between the admission of
// its client and the join.
func TestAPlayThatIsOutIsNotJoined(t *testing.T) {
	l := newWorldLink(nil, "gateway-1", slog.New(slog.DiscardHandler))
	l.out = make(chan *worldv1.ConnectRequest, 1)
	pl := &play{}
	if there := l.takeOut(pl); len(there) != 0 {
		t.Fatalf("there were %v", there)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody answers a join
	_, _, err := l.join(ctx, connect(packets.Game, "192.0.2.1"), pl, "7")
	if !errors.Is(err, store.ErrPlayNotFound) || len(l.out) != 0 || len(pl.players) != 0 {
		t.Errorf("join: %v; the world got %d messages", err, len(l.out))
	}
}

// TestWhoLeavesDoesNotWaitForAWorldThatStops; those who play on do.
func TestWhoLeavesDoesNotWaitForAWorldThatStops(t *testing.T) {
	l := newWorldLink(nil, "gateway-1", slog.New(slog.DiscardHandler))
	pl := &play{}
	stays := &player{id: 1, play: pl, entity: 5, left: make(chan struct{})}
	leaves := &player{id: 2, play: pl, entity: 6, left: make(chan struct{}), leaving: true}
	early := &player{id: 3, play: pl, left: make(chan struct{})} // never entered
	pl.players = []*player{stays, leaves, early}
	for _, p := range pl.players {
		l.players[p.id] = p
	}
	told := l.receivers(&worldv1.ConnectResponse{
		Players: []uint64{1, 2, 3},
		Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: leftShutdown}},
	})
	if !slices.Equal(told, []*player{leaves, early}) || !slices.Equal(pl.players, []*player{stays}) {
		t.Errorf("%d players are told, and %d are left", len(told), len(pl.players))
	}
	for _, p := range told {
		select {
		case <-p.left:
		default:
			t.Errorf("whoever waits for player %d goes on waiting", p.id)
		}
	}
}
