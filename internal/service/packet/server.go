package packet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/utils/listen"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// Deps are the dependencies of the gateway. Errors of the clients are *errs.Error,
// as internal/rpc makes them.
type Deps struct {
	Log       *slog.Logger
	Metrics   prometheus.Registerer // nil for none
	Auth      authv1.AuthServiceClient
	Character characterv1.CharacterServiceClient
	World     worldv1.WorldServiceClient
	Sessions  Sessions
	Name      string           // of this gateway, for the world's log
	Now       func() time.Time // nil for the wall clock
}

// Server is the gateway.
type Server struct {
	cfg       Config
	log       *slog.Logger
	now       func() time.Time
	auth      authv1.AuthServiceClient
	character characterv1.CharacterServiceClient
	sessions  Sessions
	watch     *watch
	world     *worldLink
	plays     *plays
	limits    *limits
	gate      *gate
	metrics   *metrics
	pool      *bufferpool.Pool
	tables    map[packets.Stage]*wire.Tables
	seeds     map[packets.Stage]uint32
	sequence  atomic.Uint32
	saveWait  time.Duration
	publicIP  netip.Addr // invalid: the address that the client connected to

	listeners map[packets.Stage]net.Listener
	conns     sync.WaitGroup
	endings   sync.WaitGroup // of plays
	openMu    sync.Mutex
	open      map[*connection.Conn]struct{} // nil once the server stops
}

// New returns a gateway that listens once it is started.
func New(cfg Config, d Deps) (*Server, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Server{
		cfg: cfg, log: d.Log, now: d.Now,
		auth: d.Auth, character: d.Character, sessions: d.Sessions,
		world:     newWorldLink(d.World, d.Name, d.Log),
		plays:     newPlays(d.Now),
		limits:    newLimits(cfg.MaxConnections, cfg.MaxPerAddress),
		metrics:   newMetrics(d.Metrics),
		pool:      new(bufferpool.Pool),
		seeds:     map[packets.Stage]uint32{packets.World: uint32(cfg.WorldSeed), packets.Game: uint32(cfg.GameSeed)}, //nolint:gosec // checked by the settings
		listeners: map[packets.Stage]net.Listener{},
		open:      map[*connection.Conn]struct{}{},
	}
	s.gate = newGate(&s.cfg, s.metrics)
	s.metrics.registerGate(d.Metrics, s.gate)
	s.world.deliver = s.deliver
	s.world.notify = func(p *player, text string) { p.conn.Send(&packets.Announce{Text: text}) }
	s.watch, s.saveWait = &watch{srv: s}, defaultSaveWait
	s.tables = map[packets.Stage]*wire.Tables{packets.Login: wire.DefaultTables()}
	for st, seed := range s.seeds {
		t, err := wire.SeededTables(seed)
		if err != nil {
			return nil, fmt.Errorf("codec of the %s stage: %w", st, err)
		}
		s.tables[st] = t
	}
	return s, nil
}

var stages = [...]packets.Stage{packets.Login, packets.World, packets.Game} //nolint:gochecknoglobals // a constant list

// Start opens the ports. Connections are accepted once Run runs.
func (s *Server) Start(ctx context.Context) error {
	if s.cfg.PublicAddr != "" {
		ip, err := resolveIPv4(ctx, s.cfg.PublicAddr)
		if err != nil {
			return fmt.Errorf("PACKET_PUBLIC_ADDR=%q: %w", s.cfg.PublicAddr, err)
		}
		s.publicIP = ip
	}
	ports := map[packets.Stage]struct {
		port    int
		setting string
	}{
		packets.Login: {s.cfg.LoginPort, "PACKET_LOGIN_PORT"},
		packets.World: {s.cfg.WorldPort, "PACKET_WORLD_PORT"},
		packets.Game:  {s.cfg.GamePort, "PACKET_GAME_PORT"},
	}
	for _, st := range stages {
		addr := net.JoinHostPort(s.cfg.ListenAddr, strconv.Itoa(ports[st].port))
		lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveProbe, Count: keepAliveCount}}
		ln, err := lc.Listen(ctx, listen.Network(s.cfg.ListenAddr), addr)
		if err != nil {
			s.closeListeners()
			return fmt.Errorf("listen for the %s stage on %s: %w; %s sets another port", st, addr, err, ports[st].setting)
		}
		s.listeners[st] = ln
		s.log.InfoContext(ctx, "a client port is open", "stage", st.String(), "addr", ln.Addr().String())
	}
	return nil
}

// TCP keep-alive finds a client that is gone after about 30 seconds. The protocol
// has no keep-alive of its own.
const (
	keepAliveIdle  = 15 * time.Second
	keepAliveProbe = 5 * time.Second
	keepAliveCount = 3
	userTimeout    = 30 * time.Second
)

func resolveIPv4(ctx context.Context, host string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if !a.Unmap().Is4() {
			return netip.Addr{}, errors.New("the client takes IPv4 addresses only")
		}
		return a.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("must be an IPv4 address or a name that resolves to one: %w", err)
	}
	if len(addrs) == 0 {
		return netip.Addr{}, errors.New("must be an IPv4 address or a name that resolves to one")
	}
	return addrs[0].Unmap(), nil
}

// Addr returns the address that a stage listens on, once the server has
// started.
func (s *Server) Addr(st packets.Stage) net.Addr { return s.listeners[st].Addr() }

// public returns the address of a stage for a client that connected to local.
func (s *Server) public(st packets.Stage, local netip.AddrPort) (string, uint16, error) {
	ip := s.publicIP
	if !ip.IsValid() {
		ip = local.Addr()
	}
	if !ip.Is4() {
		return "", 0, fmt.Errorf("the client accepts IPv4 addresses only, and connected to %s: set PACKET_PUBLIC_ADDR", ip)
	}
	port := map[packets.Stage]int{packets.World: s.cfg.WorldPublicPort, packets.Game: s.cfg.GamePublicPort}[st]
	if port == 0 {
		port = int(connection.AddrPort(s.listeners[st].Addr()).Port())
	}
	return ip.String(), uint16(port), nil //nolint:gosec // checked by the settings
}

// Run serves until ctx ends. Then it closes every connection, and returns when all
// have closed and their plays have ended.
func (s *Server) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	workers.Go(func() { s.world.run(ctx) })
	workers.Go(func() { s.keepAlive(ctx) })
	workers.Go(func() { s.checkAtOnce(ctx) })
	workers.Go(func() { s.watch.run(ctx) })
	for _, st := range stages {
		workers.Go(func() { s.accept(ctx, st) })
	}
	<-ctx.Done()
	s.closeListeners()
	s.closeAll()
	s.conns.Wait()
	workers.Wait()
	s.endings.Wait() // what begins one has been waited for
	return nil
}

func (s *Server) closeListeners() {
	for _, ln := range s.listeners {
		_ = ln.Close()
	}
}

// Announce tells every player that the gateway is about to stop. It is for a
// gateway that stops without its world; a world that stops says so itself.
func (s *Server) Announce(context.Context) {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	for c := range s.open {
		if c.Stage() == packets.Game && c.State() == gamePlaying {
			c.Send(&packets.Announce{Text: goingDown})
		}
	}
}

const goingDown = "The server is going down."

// Drain accepts no more connections, ends the existing ones, and returns when the
// world has saved their players and their play records have ended. It fails if ctx
// ends first. The gateway must be running.
func (s *Server) Drain(ctx context.Context) error {
	s.closeListeners()
	s.closeAll()
	gone := make(chan struct{})
	go func() { // ends with the connections, which Run waits for too
		defer close(gone)
		s.conns.Wait()
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		return fmt.Errorf("wait for %d connections to end: %w", s.limits.count(), ctx.Err())
	}
	if err := s.world.drain(ctx); err != nil {
		return err
	}
	return s.awaitEndings(ctx)
}

// closeAll ends every connection after its queued packets have been sent, and
// accepts no new one.
func (s *Server) closeAll() {
	s.openMu.Lock()
	open := s.open
	s.open = nil
	s.openMu.Unlock()
	for c := range open {
		s.dismiss(c, connection.Shutdown)
	}
}

// acceptBackoff is how long to wait if the system has no descriptor left.
const acceptBackoff = 50 * time.Millisecond

func (s *Server) accept(ctx context.Context, st packets.Stage) {
	limit, burst := rate.Limit(s.cfg.MenuPacketsPerSecond), s.cfg.MenuBurst
	if st == packets.Game {
		limit, burst = rate.Limit(s.cfg.PlayPerSecond), s.cfg.PlayBurst
	}
	cfg := &connection.Config{
		Stage: st, Tables: s.tables[st], Pool: s.pool, Log: s.log, Metrics: s.metrics,
		Steps: steps(&s.cfg, st), WriteTimeout: s.cfg.WriteTimeout,
		QueuePackets: s.cfg.QueuePackets, QueueBytes: s.cfg.QueueBytes,
		Rate: limit, Burst: burst,
		UnknownRate: rate.Limit(s.cfg.UnknownPerSecond), UnknownBurst: s.cfg.UnknownBurst,
	}
	handler := newStage(s, st)
	for {
		nc, err := s.listeners[st].Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.log.Warn("a connection could not be accepted", "stage", st.String(), "cause", err.Error())
			timer := time.NewTimer(acceptBackoff)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			continue
		}
		s.admit(ctx, nc, cfg, handler)
	}
}

// admit serves a connection. If there are too many, it closes one that has not
// signed in. If all have signed in, it closes the new one.
func (s *Server) admit(ctx context.Context, nc net.Conn, cfg *connection.Config, h *stage) {
	setUserTimeout(nc, userTimeout)
	c := connection.New(cfg, nc, h)
	c.Data = &session{srv: s, conn: c}
	place, loser := s.limits.take(c)
	if loser != nil {
		loser.Close(connection.TooMany)
	}
	if place == nil {
		s.log.Info("connection refused: too many", "stage", h.stage.String(), "remote", c.Remote().String())
		s.metrics.refused(h.stage, connection.TooMany)
		_ = nc.Close()
		return
	}
	s.openMu.Lock()
	if s.open == nil {
		s.openMu.Unlock()
		s.limits.give(place)
		_ = nc.Close()
		return
	}
	s.open[c] = struct{}{}
	s.metrics.opened(h.stage)
	// Under the lock, so that closeAll's caller waits for it.
	s.conns.Go(func() {
		// A connection does not end with ctx, but with closeAll, so that the client
		// can read what is queued for it.
		c.Serve(context.WithoutCancel(ctx))
		s.limits.give(place)
		s.openMu.Lock()
		delete(s.open, c)
		s.openMu.Unlock()
	})
	s.openMu.Unlock()
}

// dismiss ends a connection with the packet that the client understands as a
// farewell.
func (s *Server) dismiss(c *connection.Conn, r connection.Reason) {
	switch c.Stage() {
	case packets.Login:
		c.Send(&packets.NetworkStatus{Status: packets.StatusDisconnect})
	case packets.Game:
		if text := farewell(r); text != "" {
			c.Send(&packets.Announce{Text: text})
		}
	default: // the world stage has no farewell
	}
	c.Finish(r)
}

func farewell(r connection.Reason) string {
	switch r {
	case connection.Banned:
		return "Your account has been banned."
	case connection.SessionOver:
		return "Your session has ended. Please sign in again."
	case connection.TakenOver:
		return "Your account has signed in from elsewhere."
	case connection.PasswordChanged:
		return "Your password was changed. Please sign in again."
	case connection.Deleted:
		return "Your account has been deleted."
	default:
		return ""
	}
}

// nextSequence returns the number that the client calls packet sequence. The client
// keeps it; nothing in the gateway depends on it.
func (s *Server) nextSequence() uint32 { return s.sequence.Add(1) }

func (s *Server) percentFull() uint16 {
	return uint16(100 * s.limits.count() / s.cfg.MaxConnections) //nolint:gosec // at most 100
}

// Status is what the operations endpoint shows of the gateway.
type Status struct {
	Connections int   `json:"connections"`
	Plays       int   `json:"plays"`
	Players     int   `json:"players"`
	World       bool  `json:"world_connected"`
	Watch       bool  `json:"watch_connected"`
	Buffers     int64 `json:"buffers_lent"`
}

// Status returns the numbers of this moment.
func (s *Server) Status() Status {
	return Status{
		Connections: s.limits.count(), Plays: len(s.plays.all()), Players: s.world.playing(),
		World: s.world.connected(), Watch: s.watch.up(), Buffers: s.pool.Outstanding(),
	}
}
