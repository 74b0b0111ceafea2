package connection_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/time/rate"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// States of the test's stage. Only stateShut allows no packet, and only
// stateShort has a time limit.
const (
	stateOpen connection.State = iota
	stateShut
	stateShort
)

const shortTimeout = time.Second

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// testTables are the codec tables of every test.
var testTables = sync.OnceValue(wire.DefaultTables)

// handler is a stage's owner; what is nil is allowed, forgiven never, ignored.
type handler struct {
	forgives func(command uint16, err error) bool
	handle   func(ctx context.Context, c *connection.Conn, p packets.Packet) error

	closed  atomic.Int32
	reasons chan connection.Reason
}

func (h *handler) Allowed(s connection.State, _ uint16) bool { return s != stateShut }

func (h *handler) Forgives(_ *connection.Conn, command uint16, err error) bool {
	return h.forgives != nil && h.forgives(command, err)
}

func (h *handler) Handle(ctx context.Context, c *connection.Conn, p packets.Packet) error {
	if h.handle == nil {
		return nil
	}
	return h.handle(ctx, c, p)
}

func (h *handler) Closed(_ *connection.Conn, r connection.Reason) {
	h.closed.Add(1)
	h.reasons <- r
}

// counts is the metrics of a test.
type counts struct {
	received, receivedBytes, sent, sentBytes, unknown, text atomic.Int64
}

func (m *counts) Received(_ packets.Stage, _ string, size int) {
	m.received.Add(1)
	m.receivedBytes.Add(int64(size))
}

func (m *counts) Dropped(_ packets.Stage, why connection.Drop) {
	switch why {
	case connection.DropUnknown:
		m.unknown.Add(1)
	case connection.DropText:
		m.text.Add(1)
	default:
	}
}

func (m *counts) Sent(_ packets.Stage, n, bytes int) {
	m.sent.Add(int64(n))
	m.sentBytes.Add(int64(bytes))
}

// settings returns the settings of the game stage without any limit that a test
// meets by accident.
func settings() *connection.Config {
	return &connection.Config{
		Stage: packets.Game, Tables: testTables(), Pool: new(bufferpool.Pool),
		Log: slog.New(slog.DiscardHandler), Metrics: new(counts),
		Steps: []connection.Step{
			stateOpen:  {Name: "open", DropUnknown: true},
			stateShut:  {Name: "shut"},
			stateShort: {Name: "short", Timeout: shortTimeout},
		},
		WriteTimeout: 10 * time.Second, QueuePackets: 1 << 16, QueueBytes: 1 << 26,
		Rate: rate.Inf, Burst: 1, UnknownRate: rate.Inf, UnknownBurst: 1,
	}
}

// link is a served connection and the client at its other end.
type link struct {
	t      testing.TB
	cfg    *connection.Config
	conn   *connection.Conn
	h      *handler
	client net.Conn
	sealer *wire.Sealer
	reader *wire.Reader
	served chan connection.Reason
	stuck  bool // it did not end when it had to
}

// serve runs a connection on one end of a pair. When the test ends, the
// connection must have ended once, with one reason, and have lent nothing.
func serve(t testing.TB, cfg *connection.Config, h *handler, server, client net.Conn) *link {
	t.Helper()
	l := newLink(t, cfg, h, server, client)
	l.serve()
	return l
}

// newLink is serve for a connection that is not served yet.
func newLink(t testing.TB, cfg *connection.Config, h *handler, server, client net.Conn) *link {
	t.Helper()
	if h == nil {
		h = new(handler)
	}
	h.reasons = make(chan connection.Reason, 8)
	l := &link{
		t: t, cfg: cfg, h: h, client: client, conn: connection.New(cfg, server, h),
		sealer: wire.NewSealer(cfg.Tables, wire.ClientToServer),
		reader: wire.NewReader(client, cfg.Tables, wire.ServerToClient, packets.Limits(cfg.Stage, packets.Server), nil),
		served: make(chan connection.Reason, 1),
	}
	l.bound()
	t.Cleanup(func() {
		_ = client.Close()
		if l.stuck {
			return
		}
		l.ended()
		if n := cfg.Pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers are still lent", n)
		}
	})
	return l
}

// bound gives what the client does next its time.
func (l *link) bound() { _ = l.client.SetDeadline(time.Now().Add(patience)) } // a closed one fails by itself

func (l *link) serve() {
	go func() { l.served <- l.conn.Serve(context.Background()) }()
}

// pipe serves one end of a synchronous pipe, where each write of the client is
// one read of the connection.
func pipe(t testing.TB, cfg *connection.Config, h *handler) *link {
	t.Helper()
	server, client := pipePair()
	return serve(t, cfg, h, server, client)
}

// pipeEnd is the server's end of a pipe. A pipe whose other end is closed
// refuses deadlines, which a socket does not.
type pipeEnd struct{ net.Conn }

func pipePair() (server pipeEnd, client net.Conn) {
	s, c := net.Pipe()
	return pipeEnd{s}, c
}

func (p pipeEnd) SetReadDeadline(at time.Time) error { return ignoreClosed(p.Conn.SetReadDeadline(at)) }
func (p pipeEnd) SetWriteDeadline(at time.Time) error {
	return ignoreClosed(p.Conn.SetWriteDeadline(at))
}

func ignoreClosed(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// tcp serves one end of a TCP connection over loopback.
func tcp(t testing.TB, cfg *connection.Config, h *handler) *link {
	t.Helper()
	server, client := tcpPair(t)
	return serve(t, cfg, h, server, client)
}

func tcpPair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server, okS := s.(*net.TCPConn)
	client, okC := c.(*net.TCPConn)
	if !okS || !okC {
		t.Fatal("the pair is not TCP")
	}
	return server, client
}

// ended waits for the end, checks that it is told once and the same to
// everybody, and returns the reason.
func (l *link) ended() connection.Reason {
	l.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var r connection.Reason
	select {
	case r = <-l.served:
	case <-timer.C:
		l.stuck = true
		l.t.Fatalf("the connection has not ended within %v", patience)
	}
	l.served <- r
	if n := l.h.closed.Load(); n != 1 {
		l.t.Fatalf("Closed was called %d times", n)
	}
	told := <-l.h.reasons
	l.h.reasons <- told
	if told != r {
		l.t.Errorf("Closed was told %q, Serve returned %q", told, r)
	}
	select {
	case <-l.conn.Done():
	default:
		l.t.Error("Done is open after the end")
	}
	return r
}

// await waits for a handler to close a channel.
func (l *link) await(done <-chan struct{}, what string) {
	l.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		l.t.Fatalf("not within %v: %s", patience, what)
	}
}

// wantEnd fails unless the connection ends with a reason.
func (l *link) wantEnd(want connection.Reason) {
	l.t.Helper()
	if got := l.ended(); got != want {
		l.t.Errorf("the connection ended with %q, want %q", got, want)
	}
}

// sealed returns a packet of the client as it is on the wire.
func (l *link) sealed(p packets.Packet) []byte {
	l.t.Helper()
	plain, err := packets.Append(nil, p)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.sealPlain(plain)
}

func (l *link) sealPlain(plain []byte) []byte {
	l.t.Helper()
	b, err := l.sealer.Append(nil, plain)
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *link) write(b []byte) {
	l.t.Helper()
	l.bound()
	if _, err := l.client.Write(b); err != nil {
		l.t.Fatalf("write to the connection: %v", err)
	}
}

func (l *link) send(p packets.Packet) {
	l.t.Helper()
	l.write(l.sealed(p))
}

// next reads the next packet that the client is sent.
func (l *link) next() (packets.Packet, error) {
	l.bound()
	plain, err := l.reader.ReadPacket()
	if err != nil {
		return nil, err
	}
	return packets.Decode(l.cfg.Stage, packets.Server, plain)
}

// said reads speech until the stream ends.
func (l *link) said() []string {
	l.t.Helper()
	var texts []string
	for {
		p, err := l.next()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			l.t.Fatalf("wait for a packet or the end, after %d packets: %v", len(texts), err)
		}
		texts = append(texts, chatOf(l.t, p).Text)
	}
}

func chatOf(t testing.TB, p packets.Packet) *packets.LocalChat {
	t.Helper()
	chat, ok := p.(*packets.LocalChat)
	if !ok {
		t.Fatalf("got a %T, want speech", p)
	}
	return chat
}

// echo answers speech with the same speech.
func echo(_ context.Context, c *connection.Conn, p packets.Packet) error {
	if m, ok := p.(*packets.ChatRequest); ok {
		c.Send(&packets.LocalChat{Entity: 1, Text: m.Text})
	}
	return nil
}
