package packet_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 10 * time.Second

// lockedBuffer is a log that tests read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// gateway is a running gateway with fakes behind it.
type gateway struct {
	t          *testing.T
	srv        *packet.Server
	auth       *fakeAuth
	characters *fakeCharacters
	world      *fakeWorld
	sessions   *fakeSessions
	log        *lockedBuffer
	reg        *prometheus.Registry
	seeds      map[packets.Stage]uint32
	stop       func()
	ahead      atomic.Int64 // how far the gateway's clock is ahead, nanoseconds
}

// advance moves the gateway's clock on.
func (g *gateway) advance(d time.Duration) { g.ahead.Add(int64(d)) }

// start runs a gateway on free ports. change may alter its settings, prepare
// what is built of them.
func start(t *testing.T, change func(*packet.Config), prepare ...func(*packet.Server)) *gateway {
	t.Helper()
	var cfg packet.Config
	r := config.New("test")
	cfg.Register(r.Section("Packet", "The gateway."))
	if err := r.Load(nil, nil); err != nil {
		t.Fatal(err)
	}
	cfg.ListenAddr = "127.0.0.1"
	cfg.LoginPort, cfg.WorldPort, cfg.GamePort = 0, 0, 0
	cfg.KeepAliveInterval = 20 * time.Millisecond
	cfg.MenuPacketsPerSecond, cfg.MenuBurst = 10000, 10000
	if change != nil {
		change(&cfg)
	}
	g := &gateway{
		t: t, auth: newFakeAuth(), characters: &fakeCharacters{}, sessions: newFakeSessions(), log: &lockedBuffer{}, reg: prometheus.NewRegistry(),
		seeds: map[packets.Stage]uint32{packets.World: uint32(cfg.WorldSeed), packets.Game: uint32(cfg.GameSeed)},
	}
	var client worldv1.WorldServiceClient
	g.world, client = startWorld(t)
	srv, err := packet.New(cfg, packet.Deps{
		Log:     slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: g.reg, Auth: g.auth, Character: g.characters, World: client, Sessions: g.sessions, Name: "gateway-1",
		Now: func() time.Time { return time.Now().Add(time.Duration(g.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range prepare {
		p(srv)
	}
	g.srv = srv
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the gateway ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the gateway does not stop")
		}
		if n := srv.Status().Buffers; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
	t.Cleanup(g.stop)
	g.linked()
	return g
}

// linked waits until the world has a new stream and the gateway uses it, which
// it does some time after the world has welcomed it.
func (g *gateway) linked() {
	g.t.Helper()
	await(g.t, g.world.streams, "a stream from the gateway to the world")
	g.eventually("the gateway is ready", func() bool { return g.srv.Ready(g.t.Context()) == nil })
}

// cut ends the stream to the world.
func (g *gateway) cut() {
	g.t.Helper()
	select {
	case g.world.cut <- struct{}{}:
	case <-time.After(patience):
		g.t.Fatalf("there is no stream to cut after %v", patience)
	}
}

// await returns what a channel gives.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
		panic("unreachable")
	}
}

// client is the game client's side of one connection.
type client struct {
	t      *testing.T
	nc     net.Conn
	stage  packets.Stage
	reader *wire.Reader
	sealer *wire.Sealer
}

func (g *gateway) dial(st packets.Stage) *client {
	g.t.Helper()
	nc, err := net.Dial("tcp", g.srv.Addr(st).String())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = nc.Close() })
	tables := wire.DefaultTables()
	if seed := g.seeds[st]; seed != 0 {
		var err error
		if tables, err = wire.SeededTables(seed); err != nil {
			g.t.Fatal(err)
		}
	}
	c := &client{
		t: g.t, nc: nc, stage: st,
		reader: wire.NewReader(nc, tables, wire.ServerToClient, wire.Limits{}, nil),
		sealer: wire.NewSealer(tables, wire.ClientToServer),
	}
	c.bound()
	return c
}

func (c *client) sealed(p packets.Packet) []byte {
	c.t.Helper()
	plain, err := packets.Append(nil, p)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.sealPlain(plain)
}

func (c *client) sealPlain(plain []byte) []byte {
	c.t.Helper()
	b, err := c.sealer.Append(nil, plain)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *client) send(p packets.Packet) {
	c.t.Helper()
	c.write(c.sealed(p))
}

// bound gives the next wait of the client its time; one that is closed fails by
// itself.
func (c *client) bound() { _ = c.nc.SetDeadline(time.Now().Add(patience)) }

func (c *client) write(b []byte) {
	c.t.Helper()
	c.bound()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// next reads the next packet.
func (c *client) next() packets.Packet {
	c.t.Helper()
	c.bound()
	plain, err := c.reader.ReadPacket()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	p, err := packets.Decode(c.stage, packets.Server, plain)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// expect reads the next packet, which must be a P.
func expect[P packets.Packet](c *client) P {
	c.t.Helper()
	p := c.next()
	typed, ok := p.(P)
	if !ok {
		c.t.Fatalf("got %T %+v, want %T", p, p, typed)
	}
	return typed
}

// expectEnd reads until the gateway closes the connection.
func (c *client) expectEnd() {
	c.t.Helper()
	c.bound()
	for {
		_, err := c.reader.ReadPacket()
		if err == nil {
			continue
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // the connection's own error
			c.t.Fatal("the connection is still open")
		}
		_ = c.nc.Close() // the gateway waits for it, for a time
		return
	}
}

// signIn goes through the login stage and returns the reply that names the
// world stage.
func (g *gateway) signIn() (*client, *packets.SelectServerReply) {
	g.t.Helper()
	c := g.dial(packets.Login)
	c.send(&packets.AcceptRequest{})
	if s := expect[*packets.NetworkStatus](c); s.Status != packets.StatusAccepted {
		g.t.Fatalf("network status %d", s.Status)
	}
	c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	if r := expect[*packets.LoginReply](c); r.Result != packets.LoginOK || len(r.Servers) != 1 {
		g.t.Fatalf("login reply %+v", r)
	}
	c.send(&packets.ChannelListRequest{})
	if r := expect[*packets.ChannelListReply](c); len(r.Channels) != 1 {
		g.t.Fatalf("channels %+v", r)
	}
	c.send(&packets.SelectServerRequest{Channel: 1})
	return c, expect[*packets.SelectServerReply](c)
}

// choose goes on to the world stage.
func (g *gateway) choose() *client {
	g.t.Helper()
	_, to := g.signIn()
	c := g.dial(packets.World)
	c.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
	if r := expect[*packets.JoinReply](c); r.Result != packets.JoinOK {
		g.t.Fatalf("join reply %+v", r)
	}
	return c
}

// joinGame goes on to the game stage and returns the world and the game
// connection, and the number of the player on the world's stream.
func (g *gateway) joinGame() (world, game *client, player uint64) {
	g.t.Helper()
	g.characters.mu.Lock()
	if len(g.characters.list) == 0 {
		g.characters.list = []*databasev1.Character{character("Aria")}
	}
	g.characters.mu.Unlock()
	world = g.choose()
	world.send(&packets.CharacterListRequest{})
	list := expect[*packets.CharacterListReply](world)
	if e := list.Characters[0].Equipment; e != (packets.ListedItems{Weapon: packets.ListedItem{Number: 202, Grade: 4}}) {
		g.t.Fatalf("the list shows her wearing %+v", e)
	}
	world.send(&packets.SelectCharacterRequest{Name: "Aria"})
	to := expect[*packets.MoveServer](world)
	game = g.dial(packets.Game)
	game.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
	join := g.fromGateway()
	if join.GetJoin().GetCharacterId() != "7" || join.GetJoin().GetUserId() != "user-alice" {
		g.t.Fatalf("join is %v", join)
	}
	player = join.GetPlayer()
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{
		Joined: &worldv1.Joined{Character: character("Aria"), MaxHp: 50},
	}}
	expect[*packets.JoinReply](game)
	d := expect[*packets.CharacterData](game)
	if d.Name != "Aria" || d.UniqueID != 7 || d.Zone != 20 {
		g.t.Fatalf("character data %+v", d)
	}
	if skills := [3]uint16(d.Skills.Basic[:3]); skills != [3]uint16{11, 12, 16} || d.Skills.Basic[3] != 0 {
		g.t.Fatalf("her basic skills are %v", d.Skills.Basic)
	}
	bar := [packets.HotbarSlots]packets.HotbarSlot{0: {Kind: packets.HotbarSkill, Index: 1}, 31: {Kind: packets.HotbarEmote, Index: 41}}
	if d.Hotbar != bar {
		g.t.Fatalf("her quick bar (-want +got):\n%s", cmp.Diff(bar, d.Hotbar))
	}
	if d.Equipment != (packets.VisibleItems{Weapon: packets.VisibleItem{Number: 202, Gem: 301, Socket: true, Grade: 4}}) {
		g.t.Fatalf("she wears %+v", d.Equipment)
	}
	want := packets.Inventory{Money: 12}
	want.Items[packets.SlotWeapon] = packets.FullItem{
		Type: packets.ItemWeapon, Number: 202, Crafted: true, Gem: 301, Durability: 43, Life: 987, Socket: true, Appraised: true, Grade: 4,
	}
	want.Items[packets.SlotBag+packets.BagPage] = packets.FullItem{Type: packets.ItemConsumable, Number: 17, Quantity: 999}
	want.Items[packets.SlotVehicle+3] = packets.FullItem{Type: packets.ItemVehicle, Number: 1, Life: 1000}
	if inv := expect[*packets.Inventory](game); *inv != want {
		g.t.Fatalf("inventory (-want +got):\n%s", cmp.Diff(want, *inv))
	}
	expect[*packets.QuestData](game)
	return world, game, player
}

// enter goes all the way into the zone as entity 5.
func (g *gateway) enter() (world, game *client, player uint64) {
	g.t.Helper()
	world, game, player = g.joinGame()
	game.send(&packets.JoinZoneRequest{})
	if m := g.fromGateway(); m.GetEnter() == nil {
		g.t.Fatalf("got %v, want an enter", m)
	}
	g.entered(player, 5)
	if r := expect[*packets.JoinZoneReply](game); r.Entity != 5 {
		g.t.Fatalf("join zone reply %+v", r)
	}
	return world, game, player
}

func character(name string) *databasev1.Character {
	return &databasev1.Character{
		Id: "7", Name: name, Appearance: &databasev1.Appearance{},
		State:  &databasev1.CharacterState{Level: 1, Hp: 50, Money: 12, SkillPoints: 4, Position: &databasev1.Position{Zone: 20, X: 1, Y: 2}},
		Hotbar: &databasev1.Hotbar{Slots: []*databasev1.HotbarSlot{{Slot: 0, Kind: 3, Index: 1}, {Slot: 31, Kind: 4, Index: 41}}},
		Items: []*databasev1.Item{
			{
				Id: 71, Place: packets.SlotWeapon, Type: uint32(packets.ItemWeapon), Number: 202, Quantity: 1, Crafted: true, Gem: 301,
				Durability: 43, Life: 987, Socket: true, Appraised: true, Grade: 4,
			},
			{Id: 72, Place: packets.SlotBag + packets.BagPage, Type: uint32(packets.ItemConsumable), Number: 17, Quantity: 999},
			{Id: 73, Place: packets.SlotVehicle + 3, Type: uint32(packets.ItemVehicle), Number: 1, Quantity: 1, Life: 1000},
		},
	}
}

func (g *gateway) entered(player uint64, entity uint32) {
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Entered{
		Entered: &worldv1.Entered{Self: &worldv1.Entity{Id: entity, Hp: 50}},
	}}
}

// fromGateway returns the next message that the world got.
func (g *gateway) fromGateway() *worldv1.ConnectRequest {
	g.t.Helper()
	select {
	case m := <-g.world.got:
		return m
	case <-time.After(patience):
		g.t.Fatalf("the world got nothing\n%s", g.log)
		return nil
	}
}

func (g *gateway) spawn(player uint64, entity uint32, name string) {
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Spawned{
		Spawned: &worldv1.Spawned{Entities: []*worldv1.Entity{{Id: entity, Name: name, X: 10, Y: 20}}},
	}}
}

// closed waits until the counter of a reason has a value.
func (g *gateway) closed(st packets.Stage, reason string, want float64) {
	g.t.Helper()
	g.eventually(fmt.Sprintf("closed{%s,%s} is %v", st, reason, want), func() bool {
		return counter(g.t, g.reg, st.String(), reason) == want
	})
}

// eventually polls what only a count can tell.
func (g *gateway) eventually(what string, cond func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); !cond(); {
		if time.Now().After(deadline) {
			g.t.Fatalf("not so after %v: %s\n%s", patience, what, g.log)
		}
		time.Sleep(time.Millisecond)
	}
}

func counter(t *testing.T, reg *prometheus.Registry, stage, reason string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "waystone_packet_closed_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["stage"] == stage && labels["reason"] == reason {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
