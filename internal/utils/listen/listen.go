// Package listen opens ports as the settings say and bounds what they accept.
package listen

import (
	"net"
	"net/netip"
	"sync"
)

// Network returns the network to listen on for a host: an IPv4 address means
// IPv4 alone. Left to "tcp", 0.0.0.0 would take IPv6 as well. [::] takes both
// where the system has both, and of a name the first address counts.
func Network(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is4() {
		return "tcp4"
	}
	return "tcp"
}

// Bound returns a listener with at most limit connections at once; what comes
// above it is closed at once, so that it holds no descriptor.
func Bound(ln net.Listener, limit int) net.Listener {
	return &bound{Listener: ln, taken: make(chan struct{}, limit)}
}

type bound struct {
	net.Listener
	taken chan struct{} // holds one value for each open connection
}

// Accept returns the next connection for which there is room.
func (b *bound) Accept() (net.Conn, error) {
	for {
		nc, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.taken <- struct{}{}:
			return &counted{Conn: nc, give: sync.OnceFunc(func() { <-b.taken })}, nil
		default:
			_ = nc.Close()
		}
	}
}

type counted struct {
	net.Conn
	give func()
}

// Close closes the connection and makes room for another.
func (c *counted) Close() error {
	err := c.Conn.Close()
	c.give()
	return err
}
