package packet_test

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
)

// stillServes fails unless a new player can sign in.
func (g *gateway) stillServes() {
	g.t.Helper()
	if _, to := g.signIn(); to.Result != packets.SelectOK {
		g.t.Errorf("after that nobody can sign in: %+v", to)
	}
}

func TestBadInputClosesThatConnectionOnly(t *testing.T) {
	for name, c := range map[string]struct {
		bytes  func(c *client) []byte
		reason string
		half   bool // the client closes its side after it
	}{
		"half a head":   {func(c *client) []byte { return c.sealed(&packets.AcceptRequest{})[:3] }, "truncated", true},
		"half a packet": {func(c *client) []byte { return c.sealed(&packets.LoginRequest{Secret: secret, User: "alice"})[:20] }, "truncated", true},
		"a damaged packet": {func(c *client) []byte {
			b := c.sealed(&packets.LoginRequest{Secret: secret, User: "alice"})
			b[30] ^= 1
			return b
		}, "checksum", false},
		"beyond the block": {func(c *client) []byte { return c.sealPlain([]byte{6, 0, 0x55, 6, 0, 0}) }, "unknown", false},
		"a game packet":    {func(c *client) []byte { return c.sealed(&packets.ChatRequest{Text: "hi"}) }, "unknown", false},
		"out of order":     {func(c *client) []byte { return c.sealed(&packets.SelectServerRequest{}) }, "out_of_order", false},
		"twice":            {func(c *client) []byte { return c.sealed(&packets.AcceptRequest{}) }, "out_of_order", false},
		"too long": {func(c *client) []byte {
			b := make([]byte, 2047)
			b[0], b[1], b[2], b[3] = 0xff, 7, 8, 7
			return c.sealPlain(b)
		}, "oversized", false},
		"no end of the name": {func(c *client) []byte {
			b := append([]byte{40, 0, 8, 7, 0, 0}, strings.Repeat("a", 34)...)
			return c.sealPlain(b)
		}, "malformed", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, nil)
			cl := g.dial(packets.Login)
			cl.send(&packets.AcceptRequest{})
			expect[*packets.NetworkStatus](cl)
			cl.write(c.bytes(cl))
			if c.half {
				tcp, ok := cl.nc.(*net.TCPConn)
				if !ok {
					t.Fatal("not TCP")
				}
				if err := tcp.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			cl.expectEnd()
			g.closed(packets.Login, c.reason, 1)
			g.stillServes()
		})
	}
}

func TestNoiseOnEveryStage(t *testing.T) {
	g := start(t, nil)
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(i*7 + i>>8)
	}
	for _, st := range []packets.Stage{packets.Login, packets.World, packets.Game} {
		for split := range 8 {
			c := g.dial(st)
			for i := 0; i < len(noise); i += 1 + split*97 {
				if _, err := c.nc.Write(noise[i:min(i+1+split*97, len(noise))]); err != nil {
					break // closed already, as it must be
				}
			}
			c.expectEnd()
		}
	}
	g.stillServes()
}

func TestTimeouts(t *testing.T) {
	t.Run("no first packet", func(t *testing.T) {
		g := start(t, func(c *packet.Config) { c.FirstPacketTimeout = 30 * time.Millisecond })
		g.dial(packets.Login).expectEnd()
		g.closed(packets.Login, "timed_out", 1)
	})
	t.Run("no login", func(t *testing.T) {
		g := start(t, func(c *packet.Config) { c.LoginTimeout = 30 * time.Millisecond })
		c := g.dial(packets.Login)
		c.send(&packets.AcceptRequest{})
		c.expectEnd()
		g.closed(packets.Login, "timed_out", 1)
	})
	t.Run("no choice", func(t *testing.T) {
		g := start(t, func(c *packet.Config) { c.ChoiceTimeout = 30 * time.Millisecond })
		c := g.dial(packets.Login)
		c.send(&packets.AcceptRequest{})
		c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
		c.expectEnd()
		g.closed(packets.Login, "timed_out", 1)
	})
}

func TestTooManyPackets(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.MenuPacketsPerSecond, c.MenuBurst = 1, 5 })
	c := g.choose()
	var b []byte
	for range 20 {
		b = append(b, c.sealed(&packets.CharacterListRequest{})...)
	}
	c.write(b)
	c.expectEnd()
	g.closed(packets.World, "too_fast", 1)
}

// TestTooManyConnections: one that has not signed in gives way to a newer one,
// the oldest first; those of players stay, and then the newcomer is refused.
func TestTooManyConnections(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.MaxConnections = 2 })
	a, b := g.dial(packets.Login), g.dial(packets.Login)
	for _, c := range []*client{a, b} {
		c.send(&packets.AcceptRequest{})
		expect[*packets.NetworkStatus](c)
	}
	signed := g.dial(packets.Login)
	a.expectEnd()
	g.closed(packets.Login, "too_many", 1)
	signed.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](signed)
	signed.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	expect[*packets.LoginReply](signed)
	c := g.dial(packets.Login)
	b.expectEnd()
	g.closed(packets.Login, "too_many", 2)
	c.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](c)
	c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	expect[*packets.LoginReply](c)
	g.dial(packets.Login).expectEnd()
	g.closed(packets.Login, "too_many", 3)
	_ = c.nc.Close()
	g.closed(packets.Login, "client_gone", 1)
	d := g.dial(packets.Login)
	d.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](d)
}

func TestAClientThatDoesNotReadIsDropped(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.QueuePackets, c.QueueBytes, c.WriteTimeout = 64, 1<<20, 50*time.Millisecond })
	_, game, player := g.enter()
	if err := game.nc.(*net.TCPConn).SetReadBuffer(2048); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", packets.MaxChatText)
	for range 60000 {
		g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Said{
			Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_LOCAL, Entity: 9, Text: text},
		}}
	}
	g.closed(packets.Game, "slow_client", 1)
	g.stillServes()
}

// TestChatInAnotherCodePageIsDropped, of every kind.
func TestChatInAnotherCodePageIsDropped(t *testing.T) {
	g := start(t, nil)
	_, game, _ := g.enter()
	for _, p := range []packets.Packet{
		&packets.ChatRequest{Text: "hxx"}, &packets.WhisperRequest{To: "Borin", Text: "hxx"},
		&packets.WhisperRequest{To: "Bxx", Text: "h"}, &packets.ShoutRequest{Text: "hxx"},
	} {
		plain, err := packets.Append(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		game.write(game.sealPlain(bytes.Replace(plain, []byte("xx"), []byte("\xe4h"), 1)))
	}
	game.send(&packets.ChatRequest{Text: "hi"})
	if m := g.fromGateway(); m.GetSay().GetText() != "hi" {
		t.Errorf("the world got %v", m)
	}
}

func TestStopClosesConnectionsInOrder(t *testing.T) {
	g := start(t, nil)
	login := g.dial(packets.Login)
	login.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](login)
	_, game, _ := g.enter()
	g.stop()
	if s := expect[*packets.NetworkStatus](login); s.Status != packets.StatusDisconnect {
		t.Errorf("the login stage was told %d", s.Status)
	}
	login.expectEnd()
	game.expectEnd()
}

func TestATakenPortIsNamed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not TCP")
	}
	srv, err := packet.New(packet.Config{ListenAddr: "127.0.0.1", WorldPort: addr.Port, WorldSeed: 1, GameSeed: 2, MaxConnections: 1}, packet.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	err = srv.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "PACKET_WORLD_PORT") {
		t.Errorf("the error is %v", err)
	}
}

func TestPublicAddress(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.PublicAddr, c.WorldPublicPort = "192.0.2.7", 4711 })
	if _, to := g.signIn(); to.Address != "192.0.2.7" || to.Port != 4711 {
		t.Errorf("the client is sent to %s:%d", to.Address, to.Port)
	}
	for _, bad := range []string{"::1", "no.such.name.invalid"} {
		srv, err := packet.New(packet.Config{ListenAddr: "127.0.0.1", PublicAddr: bad, WorldSeed: 1, GameSeed: 2, MaxConnections: 1}, packet.Deps{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "PACKET_PUBLIC_ADDR") {
			t.Errorf("%s: the error is %v", bad, err)
		}
	}
}
