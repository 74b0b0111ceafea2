// Package bottest is a small game server for tests of clients: real TCP, the
// three stages, one zone, everything in memory. It plays by the protocol and
// leaves out all else: no limits, no persistence, no secrets at rest.
//
// Each listener and each connection has a goroutine; Close ends and awaits
// them all. One mutex guards the state. A Hook may change or drop any packet
// on its way out, which is how tests make the server fail.
package bottest

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// Codec seeds of the stages after the login.
const (
	worldSeed = 0x1234
	gameSeed  = 0x5678
)

const writeTimeout = 5 * time.Second

// Hook sees every packet that the server sends to a user (empty before the
// login) and returns what is sent instead; nil sends nothing. It is called
// under the server's mutex and must not call the server.
type Hook func(stage packets.Stage, user string, p packets.Packet) packets.Packet

// Faults are ways in which the server does not do what it should.
type Faults struct {
	ForgetPosition  bool // a character starts where it did the first time
	KeepConnections bool // a bot that returns to the choice keeps the game connection
	PlayMarked      bool // characters marked for deletion can be played
	TicketsLast     bool // a ticket can be used again and by anybody
	NoTakeover      bool // a second sign-in leaves the first alone
	Harmed          bool // a packet that makes no sense ends everybody's game
}

// Server is a running server.
type Server struct {
	listeners [3]net.Listener
	tables    [3]*wire.Tables
	running   sync.WaitGroup

	mu       sync.Mutex
	hook     Hook
	faults   Faults
	first    time.Duration // to the first packet; 0 for ever
	closed   bool
	conns    map[*conn]struct{}
	tickets  map[string]string // ticket → user
	accounts map[string]*account
	tokens   map[uint32]*play
	lastID   uint32
	names    map[string]bool // of all characters
	entities map[uint16]*conn
}

type account struct {
	characters []*character
	play       *play
}

type character struct {
	id          uint32
	name        string
	x, y        float32
	deleteAfter uint32 // seconds; 0 not marked
}

// play is one sign-in.
type play struct {
	user      string
	secret    packets.Secret
	next      packets.Stage // that its token is good for
	character *character
	world     *conn
	game      *conn
}

// Start starts a server that ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{
		conns: map[*conn]struct{}{}, tickets: map[string]string{}, accounts: map[string]*account{},
		tokens: map[uint32]*play{}, names: map[string]bool{}, entities: map[uint16]*conn{},
	}
	s.tables[packets.Login] = wire.DefaultTables()
	for stage, seed := range map[packets.Stage]uint32{packets.World: worldSeed, packets.Game: gameSeed} {
		t, err := wire.SeededTables(seed)
		if err != nil {
			tb.Fatal(err)
		}
		s.tables[stage] = t
	}
	for stage := range s.listeners {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		s.listeners[stage] = l
	}
	for stage, l := range s.listeners {
		s.running.Go(func() { s.accept(packets.Stage(stage), l) }) //nolint:gosec // 0 to 2
	}
	tb.Cleanup(s.Close)
	return s
}

// Close ends the server and everything that runs in it.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.nc.Close()
	}
	s.mu.Unlock()
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.running.Wait()
}

// Addr returns host:port of the login stage.
func (s *Server) Addr() string { return s.listeners[packets.Login].Addr().String() }

// SetHook puts a hook in, or takes it out with nil.
func (s *Server) SetHook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

// SetFaults sets what the server does wrong.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// SetFirstPacketTimeout bounds the time from a connection to its first packet.
func (s *Server) SetFirstPacketTimeout(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = d
}

// Ticket issues a ticket that is good for one login.
func (s *Server) Ticket(user string) string {
	ticket := (rand.Text() + rand.Text())[:packets.SecretSize]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets[ticket] = user
	return ticket
}

// ReserveName makes a character's name one that is taken.
func (s *Server) ReserveName(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[name] = true
}

// conn is one connection; all but nc and stage is guarded by Server.mu.
type conn struct {
	nc     net.Conn
	stage  packets.Stage
	play   *play
	ready  bool // its first packet was what it must be
	entity *entity
}

func (s *Server) accept(stage packets.Stage, l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return // closed
		}
		c := &conn{nc: nc, stage: stage}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = nc.Close()
			return
		}
		if s.first > 0 {
			_ = nc.SetReadDeadline(time.Now().Add(s.first))
		}
		s.conns[c] = struct{}{}
		s.running.Go(func() { s.serve(c) })
		s.mu.Unlock()
	}
}

// serve reads until the connection ends or sends what makes no sense.
func (s *Server) serve(c *conn) {
	defer s.gone(c)
	r := wire.NewReader(bufio.NewReader(c.nc), s.tables[c.stage], wire.ClientToServer,
		packets.Limits(c.stage, packets.Client), nil)
	for {
		plain, err := r.ReadPacket()
		_ = c.nc.SetReadDeadline(time.Time{}) // the first packet has come
		if err != nil {
			s.blame(err)
			return
		}
		p, err := packets.Decode(c.stage, packets.Client, plain)
		if err != nil {
			return
		}
		if err := s.handle(c, p); err != nil {
			return
		}
	}
}

// blame is where Faults.Harmed does its harm.
func (s *Server) blame(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.faults.Harmed || !errors.Is(err, wire.ErrCommand) && !errors.Is(err, wire.ErrSize) && !errors.Is(err, wire.ErrChecksum) {
		return
	}
	for _, c := range s.entities {
		_ = c.nc.Close()
	}
}

func (s *Server) gone(c *conn) {
	_ = c.nc.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.leave(c)
}

// handle handles one packet; an error ends the connection.
func (s *Server) handle(c *conn, p packets.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.stage {
	case packets.Login:
		return s.handleLogin(c, p)
	case packets.World:
		return s.handleWorld(c, p)
	default:
		return s.handleGame(c, p)
	}
}

// send sends a packet, unless the hook says otherwise.
func (s *Server) send(c *conn, p packets.Packet) {
	if s.hook != nil {
		user := ""
		if c.play != nil {
			user = c.play.user
		}
		if p = s.hook(c.stage, user, p); p == nil {
			return
		}
	}
	plain, err := packets.Append(nil, p)
	if err == nil {
		plain, err = s.tables[c.stage].Seal(plain[:0], plain, wire.ServerToClient, wire.Scramble{})
	}
	if err != nil {
		panic(fmt.Sprintf("bottest: %v", err)) // a mistake of the test
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = c.nc.Write(plain) // a client that is gone shows in its reader
}
