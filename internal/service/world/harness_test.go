package world_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// characters is a store in memory that keeps the rules of saving.
type characters struct {
	mu     sync.Mutex
	rows   map[store.CharacterID]*store.Character
	owner  map[store.CharacterID]int64            // generation
	keys   map[store.CharacterID]map[string]int64 // versions by key
	down   error                                  // every call fails
	deaf   bool                                   // saves happen, their answers are lost
	calls  int                                    // of SaveCharacters
	locked chan struct{}                          // GetCharacter waits for it when set
}

func newCharacters(all ...*store.Character) *characters {
	c := &characters{
		rows: map[store.CharacterID]*store.Character{}, owner: map[store.CharacterID]int64{},
		keys: map[store.CharacterID]map[string]int64{},
	}
	for _, row := range all {
		c.rows[row.ID] = row
		c.keys[row.ID] = map[string]int64{}
	}
	return c
}

func (c *characters) GetCharacter(ctx context.Context, id store.CharacterID, how store.Consistency) (*store.Character, error) {
	c.mu.Lock()
	locked := c.locked
	c.mu.Unlock()
	if locked != nil {
		select {
		case <-locked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if how != store.Fresh {
		return nil, errors.New("a join must load fresh")
	}
	if c.down != nil {
		return nil, c.down
	}
	row := c.rows[id]
	if row == nil {
		return nil, store.ErrCharacterNotFound
	}
	loaded := *row
	return &loaded, nil
}

func (c *characters) SaveCharacters(_ context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.down != nil {
		return nil, c.down
	}
	results := make([]store.SaveResult, len(saves))
	for i, s := range saves {
		row := c.rows[s.ID]
		version, repeated := c.keys[s.ID][s.Key]
		switch {
		case row == nil:
			results[i].Err = store.ErrCharacterNotFound
		case repeated:
			results[i].Version = version
		case s.Generation < c.owner[s.ID]:
			results[i].Err = store.ErrStaleGeneration
		case s.Version != row.Version:
			results[i].Err = store.ErrVersionConflict
		default:
			row.State = s.State
			if s.Items != nil {
				row.Items = *s.Items
			}
			if s.Hotbar != nil {
				row.Hotbar = *s.Hotbar
			}
			row.Version++
			c.owner[s.ID] = s.Generation
			c.keys[s.ID][s.Key] = row.Version
			results[i].Version = row.Version
		}
	}
	if c.deaf {
		return nil, store.ErrUnavailable
	}
	return results, nil
}

func (c *characters) set(f func(c *characters)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *characters) row(id store.CharacterID) store.Character {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.rows[id]
}

// someone returns a character in zone 20 with an own user: number 3 is "Three"
// of user "u3".
func someone(id store.CharacterID, x, y float32) *store.Character {
	return &store.Character{
		ID: id, UserID: fmt.Sprintf("u%d", id), Name: fmt.Sprintf("Hero%d", id), Version: 1,
		State: store.CharacterState{
			Position: store.Position{Zone: 20, X: x, Y: y}, ReviveZone: 20, Level: 1, HP: 72, MP: 58,
			Stats: store.Stats{Strength: 15, Dexterity: 15, Intelligence: 15, Concentration: 15, Charm: 10, Sense: 10},
		},
	}
}

// service is a running world behind a real gRPC server.
type service struct {
	*world.World
	t        *testing.T
	metrics  *prometheus.Registry
	server   *grpc.Server
	listener *bufconn.Listener
	down     bool
}

// statuses does what the edge of the program does: it turns our errors into
// statuses.
func statuses(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, ss)
	var e *errs.Error
	if errors.As(err, &e) {
		code := map[errs.Kind]codes.Code{
			errs.ResourceExhausted: codes.ResourceExhausted, errs.Unavailable: codes.Unavailable,
			errs.InvalidArgument: codes.InvalidArgument,
		}[e.Kind]
		return status.Error(code, e.Reason)
	}
	return err
}

func start(t *testing.T, chars world.Characters, adjust ...func(*world.Config)) *service {
	t.Helper()
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := world.DefaultConfig()
	for _, f := range adjust {
		f(&c)
	}
	reg := prometheus.NewRegistry()
	w, err := world.New(c, world.Deps{Log: slog.New(slog.DiscardHandler), Characters: chars, Data: d, Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &service{World: w, t: t, metrics: reg, listener: bufconn.Listen(1 << 16), server: grpc.NewServer(grpc.StreamInterceptor(statuses))}
	worldv1.RegisterWorldServiceServer(s.server, w)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.server.Serve(s.listener) // ends with Stop
	}()
	t.Cleanup(func() {
		if !s.down {
			s.shutdown()
		}
		s.server.Stop()
		<-served
	})
	return s
}

// shutdown stops the world at once, without draining it.
func (s *service) shutdown() {
	s.down = true
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		s.t.Errorf("stop: %v", err)
	}
}

// gateway is the other end of a stream.
type gateway struct {
	t      *testing.T
	rpc    grpc.BidiStreamingClient[worldv1.ConnectRequest, worldv1.ConnectResponse]
	in     chan *worldv1.ConnectResponse
	ended  chan error
	cancel context.CancelFunc
}

// dial opens a stream; with reads false nothing is read from it.
func (s *service) dial(reads bool) *gateway {
	s.t.Helper()
	conn, err := grpc.NewClient("passthrough:///world", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.listener.DialContext(ctx) }))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g := &gateway{t: s.t, in: make(chan *worldv1.ConnectResponse, 100_000), ended: make(chan error, 1), cancel: cancel}
	g.rpc, err = worldv1.NewWorldServiceClient(conn).Connect(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		_ = conn.Close()
	})
	if reads {
		go g.read()
	}
	return g
}

func (g *gateway) read() {
	for {
		m, err := g.rpc.Recv()
		if err != nil {
			g.ended <- err
			return
		}
		g.in <- m
	}
}

// gateway opens a stream and says hello.
func (s *service) gateway() *gateway {
	s.t.Helper()
	g := s.dial(true)
	g.send(0, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Hello{Hello: &worldv1.Hello{Gateway: "g"}}})
	if m := g.next(); m.GetWelcome().GetLinger().AsDuration() <= 0 {
		s.t.Fatalf("instead of a welcome: %v", m)
	}
	return g
}

func (g *gateway) send(player uint64, m *worldv1.ConnectRequest) {
	g.t.Helper()
	m.Player = player
	if err := g.rpc.Send(m); err != nil {
		g.t.Fatalf("send: %v", err)
	}
}

// patience is how long a test waits for what has to come.
const patience = 90 * time.Second

func (g *gateway) next() *worldv1.ConnectResponse {
	g.t.Helper()
	select {
	case m := <-g.in:
		return m
	case err := <-g.ended:
		g.t.Fatalf("the stream ended: %v", err)
	case <-time.After(patience):
		g.t.Fatal("nothing came")
	}
	return nil
}

// until returns the first message for a player that f accepts; those before it
// are dropped.
func (g *gateway) until(player uint64, f func(*worldv1.ConnectResponse) bool) *worldv1.ConnectResponse {
	g.t.Helper()
	for {
		m := g.next()
		for _, p := range m.GetPlayers() {
			if p == player && f(m) {
				return m
			}
		}
	}
}

func (g *gateway) say(player uint64, channel worldv1.Channel, to, text string) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Say{
		Say: &worldv1.Say{Channel: channel, To: to, Text: text},
	}})
}

// fence waits until the zone has done all that was sent before for a player,
// and returns what came for him meanwhile.
func (g *gateway) fence(player uint64) []*worldv1.ConnectResponse {
	g.t.Helper()
	const nobody = "nobody by this name"
	g.say(player, worldv1.Channel_CHANNEL_WHISPER, nobody, "?")
	var came []*worldv1.ConnectResponse
	g.until(player, func(m *worldv1.ConnectResponse) bool {
		if m.GetSaid().GetFrom() == nobody {
			return true
		}
		came = append(came, m)
		return false
	})
	return came
}

func (g *gateway) sendJoin(player uint64, c *store.Character, generation int64, former uint32) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Join{Join: &worldv1.Join{
		UserId: c.UserID, CharacterId: c.ID.String(), Generation: generation, FormerEntity: former,
	}}})
}

func (g *gateway) join(player uint64, c *store.Character, generation int64, former uint32) *worldv1.Joined {
	g.t.Helper()
	g.sendJoin(player, c, generation, former)
	return g.until(player, func(m *worldv1.ConnectResponse) bool { return m.GetJoined() != nil }).GetJoined()
}

func (g *gateway) sendEnter(player uint64) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Enter{Enter: &worldv1.Enter{}}})
}

// enter joins a player, puts him into his zone and returns his entity.
func (g *gateway) enter(player uint64, c *store.Character, generation int64) *worldv1.Entity {
	g.t.Helper()
	if j := g.join(player, c, generation, 0); j.GetReason() != "" {
		g.t.Fatalf("join of player %d: %s", player, j.GetReason())
	}
	g.sendEnter(player)
	return g.entered(player)
}

func (g *gateway) entered(player uint64) *worldv1.Entity {
	g.t.Helper()
	return g.until(player, func(m *worldv1.ConnectResponse) bool { return m.GetEntered() != nil }).GetEntered().GetSelf()
}

func (g *gateway) move(player uint64, x, y float32) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Move{Move: &worldv1.Move{X: x, Y: y, Z: 7}}})
}

func (g *gateway) leave(player uint64) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Leave{Leave: &worldv1.Leave{}}})
}

// left waits until a player is out and returns why.
func (g *gateway) left(player uint64) string {
	g.t.Helper()
	return g.until(player, func(m *worldv1.ConnectResponse) bool { return m.GetLeft() != nil }).GetLeft().GetReason()
}

// spawned waits until a player sees an entity.
func (g *gateway) spawned(player uint64, entity uint32) *worldv1.Entity {
	g.t.Helper()
	var found *worldv1.Entity
	g.until(player, func(m *worldv1.ConnectResponse) bool {
		for _, e := range m.GetSpawned().GetEntities() {
			if e.GetId() == entity {
				found = e
			}
		}
		return found != nil
	})
	return found
}

// removed waits until a player does not see an entity any more.
func (g *gateway) removed(player uint64, entity uint32) {
	g.t.Helper()
	g.until(player, func(m *worldv1.ConnectResponse) bool {
		for _, id := range m.GetRemoved().GetEntities() {
			if id == entity {
				return true
			}
		}
		return false
	})
}

// code waits for the end of the stream and returns its code.
func (g *gateway) code() codes.Code {
	g.t.Helper()
	for {
		select {
		case <-g.in:
		case err := <-g.ended:
			return status.Code(err)
		case <-time.After(patience):
			g.t.Fatal("the stream did not end")
		}
	}
}

func clone(c *characters, id store.CharacterID) *store.Character {
	row := c.row(id)
	return &row
}
