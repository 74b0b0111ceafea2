package connection_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

func TestSendFromManyGoroutines(t *testing.T) {
	t.Parallel()
	const senders, each = 16, 200
	cfg := settings()
	l := tcp(t, cfg, nil)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				l.conn.Send(&packets.LocalChat{Entity: uint16(s), Text: strconv.Itoa(i)})
			}
		})
	}
	next := make([]int, senders)
	for range senders * each {
		p, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		m := chatOf(t, p)
		if want := strconv.Itoa(next[m.Entity]); m.Text != want {
			t.Fatalf("sender %d: got packet %s, want %s: each sender's order is kept", m.Entity, m.Text, want)
		}
		next[m.Entity]++
	}
	wg.Wait()
	l.conn.Finish(connection.Finished)
	if more := l.said(); len(more) > 0 {
		t.Errorf("%d packets too many", len(more))
	}
	_ = l.client.Close()
	l.wantEnd(connection.Finished)
	if n := cfg.Metrics.(*counts).sent.Load(); n != senders*each {
		t.Errorf("%d packets were counted as sent, want %d", n, senders*each)
	}
}

// sealedSize is how many bytes a packet takes in the queue.
func sealedSize(t *testing.T, p packets.Packet) int {
	t.Helper()
	b, err := packets.Append(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}

func TestAFullQueueEndsTheConnection(t *testing.T) {
	t.Parallel()
	m := &packets.LocalChat{Entity: 1, Text: strings.Repeat("x", 100)}
	size := sealedSize(t, m)
	for name, c := range map[string]struct {
		packets, bytes int
		room           int // packets that fit
	}{
		"by packets":                {5, 1 << 20, 5},
		"by bytes":                  {1 << 10, 5 * size, 5},
		"by bytes, not quite whole": {1 << 10, 5*size + size - 1, 5},
		"whichever comes first":     {3, 5 * size, 3},
		"one packet":                {1, size, 1},
		"no packet":                 {1, size - 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := settings()
			cfg.QueuePackets, cfg.QueueBytes = c.packets, c.bytes
			server, client := pipePair()
			l := newLink(t, cfg, nil, server, client) // nothing empties the queue yet
			for i := range c.room {
				l.conn.Send(m)
				select {
				case <-l.conn.Done():
					t.Fatalf("packet %d of %d was too much", i+1, c.room)
				default:
				}
			}
			l.conn.Send(m)
			select {
			case <-l.conn.Done():
			default:
				t.Fatalf("packet %d was not too much", c.room+1)
			}
			l.conn.Send(m) // changes nothing
			l.serve()
			l.wantEnd(connection.SlowClient)
		})
	}
}

func TestTheQueueHasRoomAgainOnceItIsSent(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.QueuePackets = 1
	l := tcp(t, cfg, &handler{handle: echo})
	for i := range 100 {
		want := strconv.Itoa(i)
		l.send(&packets.ChatRequest{Text: want})
		p, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		if got := chatOf(t, p).Text; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestAClientThatDoesNotReadIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cfg := settings()
		cfg.WriteTimeout = 3 * time.Second
		l := pipe(t, cfg, nil)
		for range 200 { // several batches
			l.conn.Send(&packets.LocalChat{Text: "hi"})
		}
		l.wantEnd(connection.SlowClient)
		if got := time.Since(start); got != cfg.WriteTimeout {
			t.Errorf("it ended after %v, want %v", got, cfg.WriteTimeout)
		}
	})
}

func TestASendToAClientThatIsGone(t *testing.T) {
	t.Parallel()
	l := pipe(t, settings(), nil)
	_ = l.client.Close()
	l.wantEnd(connection.ClientGone)
	l.conn.Send(&packets.LocalChat{Text: "anybody there?"})
}

func TestAPacketThatCannotBeEncodedIsOurMistake(t *testing.T) {
	t.Parallel()
	l := tcp(t, settings(), nil)
	l.conn.Send(&packets.LocalChat{Text: strings.Repeat("x", packets.MaxChatText+1)})
	l.wantEnd(connection.Internal)
}

func TestSealedBytesGoToManyConnections(t *testing.T) {
	t.Parallel()
	const connections, rounds = 20, 50
	cfg := settings()
	var all []*link
	for range connections {
		all = append(all, tcp(t, cfg, nil))
	}
	var want []string
	for i := range rounds {
		text := fmt.Sprint("round ", i)
		want = append(want, text)
		s, err := connection.Seal(cfg.Pool, cfg.Tables, &packets.LocalChat{Entity: 1, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			s.Retain()
			l.conn.SendSealed(s)
		}
		s.Release()
		if i == rounds/2 {
			all[0].conn.Close(connection.Shutdown) // one that leaves takes nothing from the others
		}
	}
	for _, l := range all[1:] {
		l.conn.Finish(connection.Finished)
		if diff := cmp.Diff(want, l.said()); diff != "" {
			t.Fatalf("a connection got (-want +got):\n%s", diff)
		}
		_ = l.client.Close()
		l.wantEnd(connection.Finished)
	}
	all[0].wantEnd(connection.Shutdown)
}

func TestSealGivesItsBuffersBackOnFailure(t *testing.T) {
	t.Parallel()
	cfg := settings()
	if _, err := connection.Seal(cfg.Pool, cfg.Tables, &packets.LocalChat{Text: "a\x00b"}); err == nil {
		t.Error("text with a zero byte was sealed")
	}
	if n := cfg.Pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are still lent", n)
	}
}
