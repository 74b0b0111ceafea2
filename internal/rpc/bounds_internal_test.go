package rpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
)

// boundedServer serves GetUser and the guarded AuthStoreService over TCP.
func boundedServer(t *testing.T, cfg ServerConfig, edits ...func(*connections)) (*Server, string) {
	t.Helper()
	cfg.Log, cfg.Metrics, cfg.Health = slog.New(slog.DiscardHandler), NewMetrics(nil), health.NewServer()
	s, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(s.conns)
	}
	databasev1.RegisterUserServiceServer(s, readyUsers{resp: &databasev1.GetUserResponse{}})
	databasev1.RegisterAuthStoreServiceServer(s, databasev1.UnimplementedAuthStoreServiceServer{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return s, ln.Addr().String()
}

func usersAt(t *testing.T, addr string) databasev1.UserServiceClient {
	t.Helper()
	cc, err := Dial("passthrough:///"+addr, ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return databasev1.NewUserServiceClient(cc)
}

// rawPeer speaks HTTP/2 by hand: no client lets a message lie unfinished.
type rawPeer struct {
	net.Conn
	next uint32
}

func dialRaw(t *testing.T, addr string) *rawPeer {
	t.Helper()
	nc, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	p := &rawPeer{Conn: nc, next: 1}
	if _, err := io.WriteString(nc, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+string(frameBytes(4, 0, 0, nil))); err != nil {
		t.Fatal(err)
	}
	return p
}

func frameBytes(kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	b := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// open begins a call and returns its stream.
func (p *rawPeer) open(method string) uint32 {
	var block []byte // literal fields without indexing, RFC 7541 section 6.2.2
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "test"},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		block = append(append(block, 0, byte(len(f[0]))), f[0]...)
		block = append(append(block, byte(len(f[1]))), f[1]...)
	}
	id := p.next
	p.next += 2
	_, _ = p.Write(frameBytes(frameHeaders, 0x4, id, block)) // errors show when the test waits for the end
	return id
}

// ended waits until the server has closed the connection.
func (p *rawPeer) ended(t *testing.T) {
	t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, p); isTimeout(err) {
		t.Error("the connection is still open")
	}
}

func announce(size uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0}, size) }

// TestUnfinishedMessagesAreBounded: many calls that each announce the largest
// message, and send a part of it, cost one connection and a few megabytes.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]int{"large frames": 16000, "frames of one byte": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := boundedServer(t, ServerConfig{})
			p := dialRaw(t, addr)
			// Its answers are not waited for, but have to be read.
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				p.ended(t)
			}()
			for sent := 0; sent < 2*maxHeld; {
				id := p.open(databasev1.UserService_GetUser_FullMethodName)
				batch := frameBytes(frameData, 0, id, announce(MaxMessageSize-1))
				for len(batch) < 48000 {
					batch = append(batch, frameBytes(frameData, 0, id, make([]byte, piece))...)
				}
				if _, err := p.Write(batch); err != nil {
					break
				}
				sent += len(batch)
				// Above the bound by no more than one read of the smallest frames.
				if held := s.conns.held.Load(); held > maxHeld+1<<20 {
					t.Fatalf("the server holds %d bytes for one connection", held)
				}
			}
			<-ended
			if n := testutil.ToFloat64(s.cfg.Metrics.refused.WithLabelValues(refusedMemory)); n != 1 {
				t.Errorf("%v connections were refused for their memory", n)
			}
			if _, err := usersAt(t, addr).GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
				t.Errorf("another caller gets %v", err)
			}
		})
	}
}

// TestAMessageHasToArriveInTime, and a call without any.
func TestAMessageHasToArriveInTime(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string][]byte{"a part": append(announce(100), 1, 2, 3), "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := boundedServer(t, ServerConfig{}, func(c *connections) { c.receiveTime = 50 * time.Millisecond })
			p := dialRaw(t, addr)
			id := p.open(databasev1.UserService_GetUser_FullMethodName)
			if sent != nil {
				_, _ = p.Write(frameBytes(frameData, 0, id, sent))
			}
			p.ended(t)
			if n := testutil.ToFloat64(s.cfg.Metrics.refused.WithLabelValues(refusedSlow)); n != 1 {
				t.Errorf("%v connections were refused for being slow", n)
			}
		})
	}
}

// TestFinishedCallsHoldNothing: what an honest caller sends is not counted for
// longer than it takes, and its largest request passes.
func TestFinishedCallsHoldNothing(t *testing.T) {
	t.Parallel()
	s, addr := boundedServer(t, ServerConfig{})
	users := usersAt(t, addr)
	for _, size := range []int{1, 100, 100000, MaxMessageSize - 100} {
		_, err := users.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: strings.Repeat("x", size)})
		if err != nil && errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("a request of %d bytes: %v", size, err)
		}
		if held := s.conns.held.Load(); held != 0 {
			t.Errorf("%d bytes are held after a request of %d", held, size)
		}
	}
	// Refused by its announced size: the server ends the stream.
	_, err := users.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: strings.Repeat("x", MaxMessageSize-5)})
	if err == nil {
		t.Error("a request of more than the largest size passed")
	}
}

// TestARefusalDoesNotWaitForTheRequest.
func TestARefusalDoesNotWaitForTheRequest(t *testing.T) {
	t.Parallel()
	_, addr := boundedServer(t, ServerConfig{Access: Access{Tokens: Tokens{Auth: {"0123456789abcdef"}}}})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	t.Cleanup(client.CloseIdleConnections)
	body, never := io.Pipe()
	t.Cleanup(func() { _ = never.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+databasev1.AuthStoreService_EndPlay_FullMethodName, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Grpc-Status"); got != "16" {
		t.Errorf("status %s, want %d", got, codes.Unauthenticated)
	}
}

// TestConnectionsAreBounded in all, and there is room again when one is closed.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s, addr := boundedServer(t, ServerConfig{MaxConnections: 2})
	first := dialRaw(t, addr)
	greeted(t, first)
	greeted(t, dialRaw(t, addr))
	third := dialRaw(t, addr)
	third.ended(t)
	if n := testutil.ToFloat64(s.cfg.Metrics.refused.WithLabelValues(refusedTooMany)); n != 1 {
		t.Errorf("%v connections were refused", n)
	}
	_ = first.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	users := usersAt(t, addr)
	for { // the client tries again until there is room
		_, err := users.GetUser(ctx, &databasev1.GetUserRequest{UserId: "u"})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// greeted waits for the server's first frame: the connection is admitted.
func greeted(t *testing.T, p *rawPeer) {
	t.Helper()
	if _, err := io.ReadFull(p, make([]byte, frameHeadSize)); err != nil {
		t.Fatal(err)
	}
}

func TestConnectionsOfAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	c := newConnections(ServerConfig{Metrics: NewMetrics(nil), MaxPerAddress: 1})
	from := func(ip string) bool {
		_, ok := c.admit(connFrom{addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}})
		return ok
	}
	for _, step := range []struct {
		ip   string
		want bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", false}, {"2001:db8:0:1::1", true},
		{"127.0.0.1", true}, {"127.0.0.1", true}, {"::1", true}, {"::1", true},
	} {
		if got := from(step.ip); got != step.want {
			t.Errorf("%s is admitted: %v", step.ip, got)
		}
	}
}

type connFrom struct {
	net.Conn
	addr net.Addr
}

func (c connFrom) RemoteAddr() net.Addr { return c.addr }

// seen writes down what a frameWalk tells.
type seen struct{ text []string }

func (s *seen) begin(h frameHead) { s.text = append(s.text, "begin") }
func (s *seen) data(_ uint32, b []byte) {
	if n := len(s.text) - 1; strings.HasPrefix(s.text[n], "data ") {
		s.text[n] += string(b)
		return
	}
	s.text = append(s.text, "data "+string(b))
}
func (s *seen) end(h frameHead) {
	if h.endsStream() {
		s.text = append(s.text, "over")
	} else {
		s.text = append(s.text, "end")
	}
}

// TestFramesAreFollowedThroughAnyPieces.
func TestFramesAreFollowedThroughAnyPieces(t *testing.T) {
	t.Parallel()
	wire := []byte(strings.Repeat("p", prefaceSize))
	wire = append(wire, frameBytes(4, 0, 0, nil)...)
	wire = append(wire, frameBytes(frameHeaders, 0x4, 1, []byte("headers"))...)
	wire = append(wire, frameBytes(frameData, 0, 1, []byte("plain"))...)
	wire = append(wire, frameBytes(frameData, flagPadded, 1, []byte("\x03padded\x00\x00\x00"))...)
	wire = append(wire, frameBytes(frameData, flagPadded|flagEndStream, 1, []byte("\x02\x00\x00"))...)
	wire = append(wire, frameBytes(frameReset, 0, 3, []byte{0, 0, 0, 8})...)
	want := []string{"begin", "end", "begin", "end", "begin", "data plain", "end", "begin", "data padded", "end", "begin", "over", "begin", "over"}
	for size := 1; size <= len(wire); size++ {
		w, got := frameWalk{skip: prefaceSize}, seen{}
		for rest := wire; len(rest) > 0; {
			n := min(size, len(rest))
			w.feed(rest[:n], &got)
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, got.text); diff != "" {
			t.Fatalf("in pieces of %d:\n%s", size, diff)
		}
	}
}

// TestLateMessagesOfALongStreamAreFound: a second message is as bounded as the first.
func TestLateMessagesOfALongStreamAreFound(t *testing.T) {
	t.Parallel()
	c := newConnections(ServerConfig{Metrics: NewMetrics(nil)})
	here, there := net.Pipe()
	defer there.Close()
	admitted, _ := c.admit(here)
	bounded := admitted.(*boundedConn) //nolint:forcetypeassert // as admit makes it
	defer bounded.Close()
	bounded.timeout = 50 * time.Millisecond
	go func() { // ends with the connection
		_, _ = there.Write([]byte(strings.Repeat("p", prefaceSize)))
		_, _ = there.Write(frameBytes(frameHeaders, 0x4, 1, nil))
		_, _ = there.Write(frameBytes(frameData, 0, 1, append(announce(2), 1, 2)))
		_, _ = there.Write(frameBytes(frameData, 0, 1, announce(2)))
	}()
	b := make([]byte, 512)
	for {
		if _, err := bounded.Read(b); err != nil {
			if !errors.Is(err, errOverdue) {
				t.Error(err)
			}
			return
		}
	}
}
