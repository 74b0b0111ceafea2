package rpc

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds on what reaches a server over a network.
const (
	// DefaultMaxConnections and DefaultMaxPerAddress bound the connections of a
	// server, in all and from one address. A part has one to each replica of
	// another.
	DefaultMaxConnections = 256
	DefaultMaxPerAddress  = 64
	// maxStreams bounds the calls of a connection at the same time. Further calls
	// wait in the client.
	maxStreams = 256
	// maxHeaderList bounds the metadata of a call, bytes.
	maxHeaderList = 16 << 10
	// handshakeTime is the time from accepting a connection to the end of its
	// handshake.
	handshakeTime = 10 * time.Second
	// maxIdle is how long a connection without calls is kept. Clients open
	// another one when they need it.
	maxIdle = 5 * time.Minute
)

// Why connections are refused: values of the metric's label.
const (
	refusedTooMany = "too_many"
	refusedAddress = "address"
	refusedMemory  = "memory"
	refusedSlow    = "slow"
)

// connections counts the connections of a server.
type connections struct {
	max, maxPerAddress int
	metrics            *Metrics
	receiveTime        time.Duration
	held               atomic.Int64 // bytes held by incomplete messages

	mu        sync.Mutex
	open      int
	byAddress map[netip.Addr]int
}

func newConnections(cfg ServerConfig) *connections {
	c := &connections{
		max: cfg.MaxConnections, maxPerAddress: cfg.MaxPerAddress,
		metrics: cfg.Metrics, receiveTime: receiveTime, byAddress: map[netip.Addr]int{},
	}
	if c.max == 0 {
		c.max = DefaultMaxConnections
	}
	if c.maxPerAddress == 0 {
		c.maxPerAddress = DefaultMaxPerAddress
	}
	return c
}

func (c *connections) refuse(why string) { c.metrics.refused.WithLabelValues(why).Inc() }

// admit counts a connection, unless there are too many. Loopback addresses are
// not counted by address, because all parts of a machine share them. IPv6
// addresses are counted by their /64, which is what one customer gets.
func (c *connections) admit(nc net.Conn) (net.Conn, bool) {
	addr := addressOf(nc.RemoteAddr())
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.open >= c.max:
		c.refuse(refusedTooMany)
		return nil, false
	case !addr.IsLoopback() && c.byAddress[addr] >= c.maxPerAddress:
		c.refuse(refusedAddress)
		return nil, false
	}
	c.open++
	c.byAddress[addr]++
	return &boundedConn{
		Conn: nc, inAll: &c.held, timeout: c.receiveTime, refuse: c.refuse, release: func() { c.give(addr) },
		in: frameWalk{skip: prefaceSize}, streams: map[uint32]*incoming{},
	}, true
}

func (c *connections) give(addr netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.byAddress[addr]--; c.byAddress[addr] == 0 {
		delete(c.byAddress, addr)
	}
}

func addressOf(a net.Addr) netip.Addr {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := t.AddrPort().Addr().Unmap()
	if addr.Is6() && !addr.IsLoopback() {
		p, _ := addr.Prefix(64) // fails only for an invalid address
		return p.Addr()
	}
	return addr
}

// boundedListener accepts bounded connections. If there are too many, it closes
// the new ones.
type boundedListener struct {
	net.Listener
	conns *connections
}

// Accept returns the next connection that is admitted.
func (l boundedListener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if bounded, ok := l.conns.admit(nc); ok {
			return bounded, nil
		}
		_ = nc.Close()
	}
}
