// Package connection runs one client connection of one stage: it reads, deciphers
// and checks packets, passes them to a handler in order, and sends the packets in a
// bounded queue.
//
// Two goroutines belong to a connection, and Serve waits for both: the reader,
// which calls the handler, and the writer. Sending to a connection never waits: a
// full queue ends the connection instead. Every connection ends with exactly one
// Reason.
package connection

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// State is a step of a stage. The stage's owner defines what the numbers mean;
// 0 is the state of a fresh connection.
type State uint32

// Step says what a connection may do in a state.
type Step struct {
	// Name is the state's name, for logs.
	Name string
	// Timeout is the time for the client's next packet; 0 for no limit.
	Timeout time.Duration
	// DropUnknown says that a command that no client is known to send at any
	// stage is dropped, within a budget, instead of ending the connection.
	DropUnknown bool
}

// Handler is the owner of a stage. Its methods are called on the reader's
// goroutine, one at a time.
type Handler interface {
	// Allowed reports whether a command may come in a state.
	Allowed(s State, command uint16) bool
	// Forgives reports whether a packet that cannot be decoded is dropped and the
	// connection goes on; it may answer the packet. It may only be true if the
	// position of the next packet is known; after an error of decoding it always
	// is.
	Forgives(c *Conn, command uint16, err error) bool
	// Handle handles one packet. ctx ends with the connection. An error ends the
	// connection; see End.
	Handle(ctx context.Context, c *Conn, p packets.Packet) error
	// Closed is called once when the connection has ended.
	Closed(c *Conn, r Reason)
}

// Metrics receives what happened. Methods may be called concurrently.
type Metrics interface {
	// Received counts a packet from a client.
	Received(stage packets.Stage, name string, size int)
	// Dropped counts a packet from a client that was dropped.
	Dropped(stage packets.Stage, why Drop)
	// Sent counts packets to a client.
	Sent(stage packets.Stage, packets, bytes int)
}

// Drop says why a packet was dropped while the connection goes on. Each is a label
// of a counter.
type Drop string

// The reasons.
const (
	DropUnknown Drop = "unknown"  // an unknown command
	DropText    Drop = "text"     // not UTF-8
	DropIgnored Drop = "ignored"  // known, but ignored
	DropTooMany Drop = "too_many" // more of the same than its own budget allows
)

// Config is what all connections of a stage share.
type Config struct {
	Stage        packets.Stage
	Tables       *wire.Tables
	Pool         *bufferpool.Pool
	Log          *slog.Logger
	Metrics      Metrics
	Steps        []Step // by state
	WriteTimeout time.Duration
	QueuePackets int // most packets that may wait to be sent
	QueueBytes   int // most bytes that may wait to be sent
	Rate         rate.Limit
	Burst        int        // packets a client may send at once, in addition to Rate
	UnknownRate  rate.Limit // of packets with an unknown command; they count for Rate too
	UnknownBurst int        // of these, at once, in addition to UnknownRate
}

// Conn is one connection.
type Conn struct {
	cfg     *Config
	nc      net.Conn
	handler Handler
	remote  netip.AddrPort
	queue   *queue
	state   atomic.Uint32
	input   *bufio.Reader // of the reader
	woken   atomic.Bool   // WhileConnected may not read
	limiter *rate.Limiter
	unknown *rate.Limiter // nil until the first unknown command

	once   sync.Once
	reason Reason
	cause  error
	flush  bool // what is queued is still sent
	ended  chan struct{}
	cancel atomic.Pointer[context.CancelFunc] // of the context that handlers get
	onSent atomic.Pointer[func()]

	// Data belongs to the handler.
	Data any
}

// New returns a connection that Serve runs.
func New(cfg *Config, nc net.Conn, h Handler) *Conn {
	return &Conn{
		cfg: cfg, nc: nc, handler: h,
		remote:  AddrPort(nc.RemoteAddr()),
		queue:   newQueue(cfg.QueuePackets, cfg.QueueBytes),
		limiter: rate.NewLimiter(cfg.Rate, cfg.Burst),
		ended:   make(chan struct{}),
	}
}

// AddrPort is a TCP address as a value, IPv4 where it is one; the zero value for
// any other address.
func AddrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// Remote returns the client's address, IPv4 where it is one.
func (c *Conn) Remote() netip.AddrPort { return c.remote }

// Local returns the address that the client connected to.
func (c *Conn) Local() netip.AddrPort { return AddrPort(c.nc.LocalAddr()) }

// Stage returns the stage that the connection belongs to.
func (c *Conn) Stage() packets.Stage { return c.cfg.Stage }

// State returns the state.
func (c *Conn) State() State { return State(c.state.Load()) }

// SetState changes the state; the time for the next packet starts again. It may be
// called from any goroutine.
func (c *Conn) SetState(s State) {
	c.state.Store(uint32(s))
	_ = c.setReadDeadline() // the reader finds out by itself
}

// Busy reports whether a quarter of the packets or bytes that may wait for the
// client are waiting. Then senders should hold back what can wait, until OnSent's
// function is called.
func (c *Conn) Busy() bool { return c.queue.busy() }

// OnSent sets f, which is called each time when everything that was queued has been
// passed to the system. f runs on the writer's goroutine and may send, but must not
// wait.
func (c *Conn) OnSent(f func()) { c.onSent.Store(&f) }

// Done is closed when the connection is about to end.
func (c *Conn) Done() <-chan struct{} { return c.ended }

// Serve runs the connection until it ends and returns why. It ends with ctx
// only through the handler: close the connection to end it.
func (c *Conn) Serve(ctx context.Context) Reason {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.cancel.Store(&cancel)
	var writer sync.WaitGroup
	writer.Go(c.write)
	err := c.read(ctx)
	c.end(reasonOf(err), err, false)
	writer.Wait()
	if c.flush {
		c.linger()
	}
	_ = c.nc.Close() // a second close changes nothing
	c.handler.Closed(c, c.reason)
	level := slog.LevelInfo
	switch c.reason {
	case Internal:
		level = slog.LevelError
	case ClientGone, Finished, Shutdown:
		level = slog.LevelDebug
	default:
	}
	c.cfg.Log.Log(ctx, level, "connection closed", "reason", c.reason, "stage", c.cfg.Stage.String(),
		"state", c.stepName(), "remote", c.remote.String(), "cause", causeText(c.cause))
	return c.reason
}

// Limits of the wait for a client to read the last packets.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 64 << 10
)

// linger lets the client read the last packets. If a socket with unread input is
// closed, the system discards what it has not sent.
func (c *Conn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.nc, lingerBytes))
}

func causeText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Close ends the connection at once; queued packets are lost. Only the first reason
// counts. It may be called from any goroutine and does not wait.
func (c *Conn) Close(r Reason) { c.end(r, nil, false) }

// Finish ends the connection after the queued packets have been sent.
func (c *Conn) Finish(r Reason) { c.end(r, nil, true) }

func (c *Conn) end(r Reason, cause error, flush bool) {
	c.once.Do(func() {
		c.reason, c.cause, c.flush = r, cause, flush
		close(c.ended)
		if cancel := c.cancel.Load(); cancel != nil {
			(*cancel)()
		}
		c.queue.close(flush)
		if flush {
			_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // the reader ends now
		} else {
			_ = c.nc.Close()
		}
	})
}

func (c *Conn) stepName() string {
	if s := int(c.State()); s < len(c.cfg.Steps) {
		return c.cfg.Steps[s].Name
	}
	return fmt.Sprintf("state %d", c.State())
}

var errEnded = errors.New("the connection has been told to end")

// read runs the reader until an error.
func (c *Conn) read(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.cfg.Log.Error("panic in a packet handler", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = End(Internal, "panic: %v", r)
		}
	}()
	var outOfOrder bool
	c.input = bufio.NewReaderSize(c.nc, 512)
	reader := wire.NewReader(c.input, c.cfg.Tables, wire.ClientToServer, wire.Limits{
		Check: func(command uint16) (int, int, bool) {
			row, ok := packets.Lookup(c.cfg.Stage, packets.Client, command)
			if !ok {
				return wire.HeaderSize, wire.MaxPacketSize, c.dropsUnknown(command)
			}
			if !c.handler.Allowed(c.State(), command) {
				outOfOrder = true
				return 0, 0, false
			}
			return row.MinSize, row.MaxSize, true
		},
	}, c.cfg.Pool)
	for {
		if err := c.setReadDeadline(); err != nil {
			return err
		}
		plain, err := reader.ReadPacket()
		if err != nil {
			if outOfOrder {
				return &Error{Reason: OutOfOrder, Err: err}
			}
			return err
		}
		if err := c.receive(ctx, plain); err != nil {
			return err
		}
	}
}

// receive reads one complete packet, and returns it with its buffer.
func (c *Conn) receive(ctx context.Context, plain []byte) error {
	size := len(plain)
	var command uint16
	if h, err := wire.ParseHeader(plain); err == nil {
		command = h.Command
	}
	p, err := packets.Decode(c.cfg.Stage, packets.Client, plain)
	c.cfg.Pool.Put(plain)
	c.cfg.Metrics.Received(c.cfg.Stage, packets.Name(c.cfg.Stage, packets.Client, command), size)
	if !c.limiter.Allow() {
		return End(TooFast, "more than %v packets a second, %d at once", float64(c.cfg.Rate), c.cfg.Burst)
	}
	switch {
	case err == nil:
		return c.handler.Handle(ctx, c, p)
	case errors.Is(err, packets.ErrUnknown):
		return c.dropUnknown(ctx, command, size)
	case c.handler.Forgives(c, command, err):
		c.cfg.Metrics.Dropped(c.cfg.Stage, DropText)
		return nil
	default:
		return err
	}
}

// dropsUnknown reports whether a command that the stage does not have is dropped
// now: it is unknown, and within the block of this protocol's commands. A command
// of another stage is an error of the client. A command outside of the block means
// damage or another protocol.
func (c *Conn) dropsUnknown(command uint16) bool {
	s := int(c.State())
	return s < len(c.cfg.Steps) && c.cfg.Steps[s].DropUnknown && packets.InBlock(command) && !packets.Known(command)
}

// dropUnknown drops a packet with an unknown command. The first one of a connection
// is logged.
func (c *Conn) dropUnknown(ctx context.Context, command uint16, size int) error {
	first := c.unknown == nil
	if first {
		c.unknown = rate.NewLimiter(c.cfg.UnknownRate, c.cfg.UnknownBurst)
	}
	if !c.unknown.Allow() {
		return End(TooManyUnknown, "more than %v packets with an unknown command a second, %d at once; the last command is 0x%x",
			float64(c.cfg.UnknownRate), c.cfg.UnknownBurst, command)
	}
	c.cfg.Metrics.Dropped(c.cfg.Stage, DropUnknown)
	if first {
		c.cfg.Log.InfoContext(ctx, "a packet with an unknown command was dropped; others of this connection are dropped without a log line",
			"stage", c.cfg.Stage.String(), "state", c.stepName(), "command", fmt.Sprintf("0x%x", command), "size", size, "remote", c.remote.String())
	}
	return nil
}

// setReadDeadline sets the deadline of the connection's present state. The reader
// and SetState may call it at the same time; the last deadline must then be that of
// the last state.
func (c *Conn) setReadDeadline() error {
	if c.hasEnded() {
		return errEnded // the deadline belongs to end and linger now
	}
	for {
		state := c.State()
		var deadline time.Time
		if s := int(state); s < len(c.cfg.Steps) && c.cfg.Steps[s].Timeout > 0 {
			deadline = time.Now().Add(c.cfg.Steps[s].Timeout)
		}
		if err := c.nc.SetReadDeadline(deadline); err != nil {
			return err
		}
		if c.State() == state {
			break
		}
	}
	if c.woken.Load() { // the deadline that WhileConnected set, too
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
	if c.hasEnded() { // the deadline that end set may just have been overwritten
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
		return errEnded
	}
	return nil
}

// WhileConnected runs f, for a handler that may take long. If the client closes its
// connection meanwhile, f's context ends; without WhileConnected this would be
// noticed only after the handler. Meanwhile the client's time for its next packet
// does not run. If the client has sent more than the reader's buffer holds, it is
// not watched. Only a handler may call WhileConnected.
func (c *Conn) WhileConnected(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.hasEnded() {
		return errEnded
	}
	_ = c.nc.SetReadDeadline(time.Time{})
	if c.hasEnded() {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			_, err := c.input.Peek(c.input.Buffered() + 1)
			switch {
			case err == nil:
				continue
			case c.woken.Load(), errors.Is(err, bufio.ErrBufferFull):
			default:
				cancel()
			}
			return
		}
	}()
	err := f(ctx)
	c.woken.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	<-watched
	c.woken.Store(false)
	if !c.hasEnded() {
		_ = c.setReadDeadline() // the reader finds out by itself
	}
	return err
}

func (c *Conn) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// Send queues a packet. If the packet cannot be encoded, which is an error of the
// server, or the queue is full, the connection ends.
func (c *Conn) Send(p packets.Packet) {
	s, err := Seal(c.cfg.Pool, c.cfg.Tables, p)
	if err != nil {
		c.end(Internal, err, false)
		return
	}
	c.SendSealed(s)
}

// SendSealed queues bytes that Seal made with this stage's tables. It takes over
// the caller's reference to them.
func (c *Conn) SendSealed(s *bufferpool.Shared) {
	if !c.queue.push(s) {
		c.end(SlowClient, fmt.Errorf("more than %d packets or %d bytes wait to be sent", c.cfg.QueuePackets, c.cfg.QueueBytes), false)
	}
}

// Seal enciphers a packet from the server. The same bytes are right for every
// connection that uses the same tables.
func Seal(pool *bufferpool.Pool, t *wire.Tables, p packets.Packet) (*bufferpool.Shared, error) {
	plain := pool.Get(bufferpool.MaxSize)
	defer pool.Put(plain)
	encoded, err := packets.Append(plain[:0], p)
	if err != nil {
		return nil, err
	}
	dst := pool.Get(len(encoded))
	sealed, err := t.Seal(dst[:0], encoded, wire.ServerToClient, wire.Scramble{})
	if err != nil {
		pool.Put(dst)
		return nil, err
	}
	return pool.Share(sealed), nil
}
