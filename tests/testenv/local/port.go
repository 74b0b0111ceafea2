package local

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports come from below the range from which the kernel numbers outgoing
// connections (32768 on Linux), else one of those could sit on the port of a
// server that is down for a moment; and from below the product's own 29000.
const (
	firstPort = 15000
	lastPort  = 28999
)

// FreePort returns a TCP port that nobody listens on at 127.0.0.1, and that no
// other call gets: in this process, and on Linux in any other, as long as this
// one lives. A program that does not ask here can still take it, so the
// caller must be ready for that.
func FreePort() (int, error) {
	var last error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1) //nolint:gosec // spreads ports, keeps no secret
		if !reserve(port) {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, l.Close()
	}
	return 0, errors.Join(errors.New("no free port on 127.0.0.1 in a hundred tries"), last)
}
