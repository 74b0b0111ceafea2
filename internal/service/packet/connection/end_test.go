package connection_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

func TestFinishSendsWhatIsQueued(t *testing.T) {
	t.Parallel()
	const n = 300 // more than goes out at once
	var want []string
	l := tcp(t, settings(), nil)
	for i := range n {
		want = append(want, strconv.Itoa(i))
		l.conn.Send(&packets.LocalChat{Text: want[i]})
	}
	l.conn.Finish(connection.Finished)
	l.conn.Send(&packets.LocalChat{Text: "too late"})
	if diff := cmp.Diff(want, l.said()); diff != "" {
		t.Errorf("the client got (-want +got):\n%s", diff)
	}
	_ = l.client.Close()
	l.wantEnd(connection.Finished)
}

func TestFinishInAHandlerSendsItsAnswer(t *testing.T) {
	t.Parallel()
	handled := 0
	l := tcp(t, settings(), &handler{handle: func(_ context.Context, c *connection.Conn, _ packets.Packet) error {
		handled++
		c.Send(&packets.LocalChat{Text: "goodbye"})
		c.Finish(connection.Finished)
		return nil
	}})
	two := append(l.sealed(&packets.ChatRequest{}), l.sealed(&packets.ChatRequest{})...)
	l.write(two) // what comes after the end is not handled
	if diff := cmp.Diff([]string{"goodbye"}, l.said()); diff != "" {
		t.Errorf("the client got (-want +got):\n%s", diff)
	}
	_ = l.client.Close()
	l.wantEnd(connection.Finished)
	if handled != 1 {
		t.Errorf("%d packets were handled, want 1", handled)
	}
}

func TestFinishOfAClientThatStillSends(t *testing.T) {
	t.Parallel()
	inside, finished := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(finished) })
	l := tcp(t, settings(), &handler{handle: func(context.Context, *connection.Conn, packets.Packet) error {
		close(inside)
		<-finished
		return nil
	}})
	defer release()
	l.send(&packets.ChatRequest{})
	l.await(inside, "the handler is called")
	// Unread input would make the close throw away what is on its way.
	for range 20 {
		l.send(&packets.ChatRequest{Text: "more"})
	}
	l.conn.Send(&packets.LocalChat{Text: "goodbye"})
	l.conn.Finish(connection.Finished)
	release()
	if diff := cmp.Diff([]string{"goodbye"}, l.said()); diff != "" {
		t.Errorf("the client got (-want +got):\n%s", diff)
	}
	_ = l.client.Close()
	l.wantEnd(connection.Finished)
}

func TestCloseDropsWhatIsQueued(t *testing.T) {
	t.Parallel()
	cfg := settings()
	server, client := pipePair()
	l := newLink(t, cfg, nil, server, client)
	for range 10 {
		l.conn.Send(&packets.LocalChat{Text: "never sent"})
	}
	l.conn.Close(connection.Banned)
	if n := cfg.Pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are still lent after Close", n)
	}
	l.serve()
	l.wantEnd(connection.Banned)
	if n := cfg.Metrics.(*counts).sent.Load(); n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

func TestFinishBeforeServeSendsWhatIsQueued(t *testing.T) {
	t.Parallel()
	server, client := tcpPair(t)
	l := newLink(t, settings(), nil, server, client)
	l.conn.Send(&packets.LocalChat{Text: "full"})
	l.conn.Finish(connection.TooMany)
	l.serve()
	if diff := cmp.Diff([]string{"full"}, l.said()); diff != "" {
		t.Errorf("the client got (-want +got):\n%s", diff)
	}
	_ = l.client.Close()
	l.wantEnd(connection.TooMany)
}

func TestFinishOfAClientThatDoesNotReadLendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := settings()
		cfg.WriteTimeout = 3 * time.Second
		l := pipe(t, cfg, nil)
		l.conn.Send(&packets.LocalChat{Text: "being written"})
		synctest.Wait()
		for range 10 {
			l.conn.Send(&packets.LocalChat{Text: "queued behind it"})
		}
		l.conn.Finish(connection.Finished)
		l.wantEnd(connection.Finished)
		if n := cfg.Pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers are still lent", n)
		}
	})
}

// halfCloser is a pipe that can be closed for writing, as a socket can.
type halfCloser struct{ pipeEnd }

func (halfCloser) CloseWrite() error { return nil }

func TestAStateSetAfterFinishLeavesTheClientItsTimeToRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		server, client := pipePair()
		l := serve(t, settings(), nil, halfCloser{server}, client)
		l.conn.Finish(connection.Finished)
		synctest.Wait()
		l.conn.SetState(stateShort)
		l.wantEnd(connection.Finished)
		if got, want := time.Since(start), 2*time.Second; got != want {
			t.Errorf("the connection was closed after %v, want %v", got, want)
		}
	})
}

func TestOnlyTheFirstReasonCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(c *connection.Conn)
		want connection.Reason
	}{
		"close, then finish": {func(c *connection.Conn) { c.Close(connection.Banned); c.Finish(connection.Finished) }, connection.Banned},
		"finish, then close": {func(c *connection.Conn) { c.Finish(connection.Finished); c.Close(connection.Banned) }, connection.Finished},
		"close twice":        {func(c *connection.Conn) { c.Close(connection.TakenOver); c.Close(connection.Banned) }, connection.TakenOver},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := pipe(t, settings(), nil)
			c.end(l.conn)
			l.wantEnd(c.want)
		})
	}
}

func TestManyEndsAtOnceEndOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		l := tcp(t, settings(), &handler{handle: echo})
		reasons := []connection.Reason{connection.Banned, connection.Shutdown, connection.TakenOver, connection.SessionOver}
		var wg sync.WaitGroup
		for i, r := range reasons {
			wg.Go(func() {
				l.conn.SetState(stateShort)
				l.conn.Send(&packets.LocalChat{Text: "hi"})
				if i%2 == 0 {
					l.conn.Close(r)
				} else {
					l.conn.Finish(r)
				}
			})
		}
		wg.Go(func() { _, _ = l.client.Write([]byte("noise that is no packet")) })
		wg.Wait()
		_ = l.client.Close()
		l.ended()
	}
}

func TestErrorOfAHandler(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	err := connection.End(connection.Refused, "sign-in: %w", cause)
	if got, want := err.Error(), "refused: sign-in: the cause"; got != want {
		t.Errorf("the error reads %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got, want := (&connection.Error{Reason: connection.Banned}).Error(), "banned"; got != want {
		t.Errorf("without a cause it reads %q, want %q", got, want)
	}
}
