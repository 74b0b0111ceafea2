package connection_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/wire"
)

func TestPacketsArriveWholeHoweverTheStreamIsSplit(t *testing.T) {
	t.Parallel()
	sent := []string{"", "hello", strings.Repeat("x", packets.MaxChatText), "last"}
	stream := func(l *link) (b []byte) {
		for _, text := range sent {
			b = append(b, l.sealed(&packets.ChatRequest{Text: text})...)
		}
		return b
	}
	run := func(t *testing.T, cut func(b []byte) [][]byte) {
		t.Helper()
		var got []string
		l := pipe(t, settings(), &handler{handle: func(_ context.Context, _ *connection.Conn, p packets.Packet) error {
			got = append(got, p.(*packets.ChatRequest).Text)
			return nil
		}})
		for _, part := range cut(stream(l)) {
			l.write(part)
		}
		_ = l.client.Close()
		l.wantEnd(connection.ClientGone)
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("packets (-sent +handled):\n%s", diff)
		}
	}
	size := len(stream(&link{t: t, sealer: wire.NewSealer(testTables(), wire.ClientToServer)}))
	for at := 1; at < size; at++ {
		run(t, func(b []byte) [][]byte { return [][]byte{b[:at], b[at:]} })
		if t.Failed() {
			t.Fatalf("split after byte %d of %d", at, size)
		}
	}
	run(t, func(b []byte) (parts [][]byte) {
		for i := range b {
			parts = append(parts, b[i:i+1])
		}
		return parts
	})
}

func TestReasonOfBadInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  connection.State
		input  func(l *link) []byte
		gone   bool // the client closes after it
		want   connection.Reason
		handle func(context.Context, *connection.Conn, packets.Packet) error
	}{
		"nothing":            {input: func(*link) []byte { return nil }, gone: true, want: connection.ClientGone},
		"whole packets":      {input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{Text: "hi"}) }, gone: true, want: connection.ClientGone},
		"one byte of a head": {input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{})[:1] }, gone: true, want: connection.Truncated},
		"a head alone": {input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{Text: "hi"})[:wire.HeaderSize] },
			gone: true, want: connection.Truncated},
		"all but the last byte": {input: func(l *link) []byte {
			b := l.sealed(&packets.ChatRequest{Text: "hi"})
			return b[:len(b)-1]
		}, gone: true, want: connection.Truncated},
		"a damaged payload": {input: func(l *link) []byte {
			b := l.sealed(&packets.ChatRequest{Text: strings.Repeat("x", 100)})
			b[60] ^= 1
			return b
		}, want: connection.Checksum},
		"a command out of range":    {input: func(l *link) []byte { return l.sealPlain([]byte{6, 0, 1, 0, 0, 0}) }, want: connection.UnknownPacket},
		"a packet of another stage": {input: func(l *link) []byte { return l.sealed(&packets.AcceptRequest{}) }, want: connection.UnknownPacket},
		"a packet of the server":    {input: func(l *link) []byte { return l.sealed(&packets.Stop{}) }, want: connection.Oversized},
		"a command that may not come now": {state: stateShut, input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{}) },
			want: connection.OutOfOrder},
		"a command of nobody in a state that drops none": {state: stateShut, input: func(l *link) []byte { return l.sealPlain([]byte{6, 0, 0xfe, 7, 0, 0}) },
			want: connection.UnknownPacket},
		"too small": {input: func(l *link) []byte { return l.sealPlain([]byte{6, 0, 0x83, 7, 0, 0}) }, want: connection.Oversized},
		"too large": {input: func(l *link) []byte {
			b := make([]byte, wire.MaxPacketSize)
			copy(b, []byte{0xff, 7, 0x83, 7})
			return l.sealPlain(b)
		}, want: connection.Oversized},
		"text without an end": {input: func(l *link) []byte { return l.sealPlain([]byte{8, 0, 0x83, 7, 0, 0, 'h', 'i'}) },
			want: connection.Malformed},
		"text that is not UTF-8": {input: func(l *link) []byte { return l.sealPlain([]byte{8, 0, 0x83, 7, 0, 0, 0xe4, 0}) },
			want: connection.Malformed},
		"bytes after the last field": {input: func(l *link) []byte { return l.sealPlain([]byte{9, 0, 0x83, 7, 0, 0, 'h', 0, 0}) },
			want: connection.Malformed},
		"a handler's reason": {input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{}) }, want: connection.Refused,
			handle: func(context.Context, *connection.Conn, packets.Packet) error {
				return connection.End(connection.Refused, "no")
			}},
		"a handler's panic": {input: func(l *link) []byte { return l.sealed(&packets.ChatRequest{}) }, want: connection.Internal,
			handle: func(context.Context, *connection.Conn, packets.Packet) error { panic("a mistake") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, open := range map[string]func(testing.TB, *connection.Config, *handler) *link{"pipe": pipe, "tcp": tcp} {
				l := open(t, settings(), &handler{handle: c.handle})
				l.conn.SetState(c.state)
				_, _ = l.client.Write(c.input(l)) // may end before all is written
				if c.gone {
					_ = l.client.Close()
				}
				if got := l.ended(); got != c.want {
					t.Errorf("%s: the reason is %q, want %q", kind, got, c.want)
				}
			}
		})
	}
}

func TestAPanicEndsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	cfg := settings()
	h := func() *handler {
		return &handler{handle: func(ctx context.Context, c *connection.Conn, p packets.Packet) error {
			if p.(*packets.ChatRequest).Text == "panic" {
				panic("a mistake")
			}
			return echo(ctx, c, p)
		}}
	}
	bad, good := tcp(t, cfg, h()), tcp(t, cfg, h())
	bad.send(&packets.ChatRequest{Text: "panic"})
	bad.wantEnd(connection.Internal)
	good.send(&packets.ChatRequest{Text: "still here"})
	p, err := good.next()
	if err != nil {
		t.Fatal(err)
	}
	if got := chatOf(t, p).Text; got != "still here" {
		t.Errorf("the other connection got %q", got)
	}
	_ = good.client.Close()
	good.wantEnd(connection.ClientGone)
}

func TestForgives(t *testing.T) {
	t.Parallel()
	var got []string
	var forgiven []error
	cfg := settings()
	l := tcp(t, cfg, &handler{
		handle: func(_ context.Context, _ *connection.Conn, p packets.Packet) error {
			got = append(got, p.(*packets.ChatRequest).Text)
			return nil
		},
		forgives: func(command uint16, err error) bool {
			forgiven = append(forgiven, err)
			return command == 0x783 && errors.Is(err, wire.ErrText)
		},
	})
	l.write(l.sealPlain([]byte{9, 0, 0x83, 7, 0, 0, 0xe4, 'h', 0}))
	l.send(&packets.ChatRequest{Text: "hi"})
	l.write(l.sealPlain([]byte{9, 0, 0x83, 7, 0, 0, 'h', 0, 0}))
	l.wantEnd(connection.Malformed)
	if diff := cmp.Diff([]string{"hi"}, got); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if len(forgiven) != 2 || !errors.Is(forgiven[0], wire.ErrText) || !errors.Is(forgiven[1], wire.ErrTrailing) {
		t.Errorf("Forgives was asked about %v", forgiven)
	}
	if n := cfg.Metrics.(*counts).received.Load(); n != 3 {
		t.Errorf("%d packets were counted, want 3: forgiven ones too", n)
	}
	if n := cfg.Metrics.(*counts).text.Load(); n != 1 {
		t.Errorf("%d forgiven packets were counted, want 1", n)
	}
}

// TestCommandsThatNobodyKnows are dropped, whatever their size, while the budget
// for them lasts, and told in the log once.
func TestCommandsThatNobodyKnows(t *testing.T) {
	t.Parallel()
	const budget = 7
	var got []string
	var log bytes.Buffer
	cfg := settings()
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	cfg.UnknownRate, cfg.UnknownBurst = rate.Every(time.Hour), budget
	l := tcp(t, cfg, &handler{handle: func(_ context.Context, _ *connection.Conn, p packets.Packet) error {
		got = append(got, p.(*packets.ChatRequest).Text)
		return nil
	}})
	unknown := func(command byte, size int) []byte {
		b := make([]byte, size)
		b[0], b[1], b[2], b[3] = byte(size), byte(size>>8), command, 7
		return l.sealPlain(b)
	}
	var want []string
	for i := range budget {
		l.write(unknown(0xf0+byte(i), []int{wire.HeaderSize, 100, wire.MaxPacketSize}[i%3]))
		want = append(want, strconv.Itoa(i))
		l.send(&packets.ChatRequest{Text: want[i]})
	}
	l.write(unknown(0xfe, wire.HeaderSize))
	l.wantEnd(connection.TooManyUnknown)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("handled in between (-want +got):\n%s", diff)
	}
	if n := cfg.Metrics.(*counts).unknown.Load(); n != budget {
		t.Errorf("%d drops were counted, want %d", n, budget)
	}
	if n := strings.Count(log.String(), "command=0x7f0"); n != 1 || strings.Contains(log.String(), "command=0x7f1") {
		t.Errorf("the log tells the first %d times, or another:\n%s", n, log.String())
	}
}

// TestUnknownPacketsCountForTheWholeBudgetToo: they do not come on top of it.
func TestUnknownPacketsCountForTheWholeBudgetToo(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Rate, cfg.Burst = rate.Every(time.Hour), 3
	l := tcp(t, cfg, nil)
	for range 4 {
		l.write(l.sealPlain([]byte{6, 0, 0xfe, 7, 0, 0}))
	}
	l.wantEnd(connection.TooFast)
}

func TestTimeOfAState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(l *link)
		want time.Duration // until the connection ends
	}{
		"silence":       {func(*link) {}, shortTimeout},
		"half a packet": {func(l *link) { l.write(l.sealed(&packets.ChatRequest{Text: "hi"})[:4]) }, shortTimeout},
		"a byte now and then": {func(l *link) {
			b := l.sealed(&packets.ChatRequest{Text: "hi"})
			for i := range 3 {
				time.Sleep(shortTimeout / 4)
				l.write(b[i : i+1])
			}
		}, shortTimeout},
		"a packet starts the time anew": {func(l *link) {
			time.Sleep(shortTimeout / 2)
			l.send(&packets.ChatRequest{Text: "hi"})
		}, shortTimeout * 3 / 2},
		"a state starts the time anew": {func(l *link) {
			time.Sleep(shortTimeout / 2)
			l.conn.SetState(stateShort)
		}, shortTimeout * 3 / 2},
		"a state without a limit, then one with": {func(l *link) {
			l.conn.SetState(stateOpen)
			time.Sleep(100 * shortTimeout)
			l.conn.SetState(stateShort)
		}, 101 * shortTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				l := pipe(t, settings(), nil)
				l.conn.SetState(stateShort)
				c.do(l)
				l.wantEnd(connection.TimedOut)
				if got := time.Since(start); got != c.want {
					t.Errorf("it ended after %v, want %v", got, c.want)
				}
			})
		})
	}
}

// hookedConn calls a function before each read deadline is set.
type hookedConn struct {
	net.Conn
	before func()
}

func (c *hookedConn) SetReadDeadline(at time.Time) error {
	c.before()
	return c.Conn.SetReadDeadline(at)
}

func TestAStateSetWhileTheReaderSetsItsDeadlineWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := pipePair()
		nc := &hookedConn{Conn: server, before: func() {}}
		l := newLink(t, settings(), nil, nc, client)
		l.conn.SetState(stateShort)
		// The reader has chosen the deadline of its state, and before it sets that,
		// somebody moves on to a state without one.
		var moved atomic.Bool
		nc.before = func() {
			if moved.CompareAndSwap(false, true) {
				l.conn.SetState(stateOpen)
			}
		}
		l.serve()
		time.Sleep(10 * shortTimeout)
		l.conn.Close(connection.Shutdown)
		l.wantEnd(connection.Shutdown)
	})
}

func TestAnEndWhileTheReaderSetsItsDeadlineWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := pipePair()
		nc := &hookedConn{Conn: server, before: func() {}}
		l := newLink(t, settings(), nil, nc, client)
		// The reader has chosen to wait for as long as the client likes, and before it
		// sets that, somebody ends the connection.
		var ended atomic.Bool
		nc.before = func() {
			if ended.CompareAndSwap(false, true) {
				l.conn.Finish(connection.Shutdown)
			}
		}
		l.serve()
		l.wantEnd(connection.Shutdown)
	})
}

func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := settings()
		cfg.Rate, cfg.Burst = 2, 3
		handled := 0
		l := pipe(t, cfg, &handler{handle: func(context.Context, *connection.Conn, packets.Packet) error {
			handled++
			return nil
		}})
		for range 3 { // the burst
			l.send(&packets.ChatRequest{})
		}
		for range 10 { // then at the rate
			time.Sleep(time.Second / 2)
			l.send(&packets.ChatRequest{})
		}
		l.send(&packets.ChatRequest{})
		l.wantEnd(connection.TooFast)
		if handled != 13 {
			t.Errorf("%d packets were handled, want 13", handled)
		}
	})
	t.Run("forgiven packets count", func(t *testing.T) {
		t.Parallel()
		cfg := settings()
		cfg.Rate, cfg.Burst = rate.Every(time.Hour), 2
		l := tcp(t, cfg, &handler{forgives: func(uint16, error) bool { return true }})
		for range 3 {
			l.write(l.sealPlain([]byte{9, 0, 0x83, 7, 0, 0, 0xe4, 'h', 0}))
		}
		l.wantEnd(connection.TooFast)
	})
}

func TestTheHandlersContextEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	inside := make(chan struct{})
	l := tcp(t, settings(), &handler{handle: func(ctx context.Context, _ *connection.Conn, _ packets.Packet) error {
		close(inside)
		<-ctx.Done()
		return ctx.Err()
	}})
	l.send(&packets.ChatRequest{})
	l.await(inside, "the handler is called")
	l.conn.Close(connection.Banned)
	l.wantEnd(connection.Banned)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	l := tcp(t, settings(), nil)
	if got, want := l.conn.Remote(), netip.MustParseAddrPort(l.client.LocalAddr().String()); got != want {
		t.Errorf("Remote is %v, want %v", got, want)
	}
	if got, want := l.conn.Local(), netip.MustParseAddrPort(l.client.RemoteAddr().String()); got != want {
		t.Errorf("Local is %v, want %v", got, want)
	}
	if got := l.conn.Stage(); got != packets.Game {
		t.Errorf("Stage is %v", got)
	}
	l.conn.SetState(stateShut)
	if got := l.conn.State(); got != stateShut {
		t.Errorf("State is %v", got)
	}
}
