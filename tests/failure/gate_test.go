package failure

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// gate passes connections on and can lose them, as a firewall does that was
// restarted, or an address that moved to another machine: what is sent on a
// lost connection goes nowhere, neither side hears of it, and new connections
// work.
type gate struct {
	ln       net.Listener
	upstream string
	running  sync.WaitGroup

	mu    sync.Mutex
	pairs []*pair
}

type pair struct {
	client, server net.Conn
	lost           atomic.Bool
}

func newGate(t *testing.T, upstream string) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{ln: ln, upstream: upstream}
	g.running.Go(g.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		g.lose()
		g.forget()
		g.running.Wait()
	})
	return g
}

func (g *gate) accept() {
	for {
		client, err := g.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", g.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		p := &pair{client: client, server: server}
		g.mu.Lock()
		g.pairs = append(g.pairs, p)
		g.mu.Unlock()
		g.running.Go(func() { p.pass(server, client) })
		g.running.Go(func() { p.pass(client, server) })
	}
}

func (p *pair) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		switch {
		case p.lost.Load() && err == nil:
			continue
		case p.lost.Load():
			return
		case err == nil:
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			p.close()
			return
		}
	}
}

func (p *pair) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}

// lose loses the connections that there are.
func (g *gate) lose() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.pairs {
		p.lost.Store(true)
	}
}

// forget ends those that were lost.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.pairs {
		if p.lost.Load() {
			p.close()
		}
	}
}
