package packet

import (
	"net"
	"syscall"
	"time"
)

// setUserTimeout limits how long sent bytes may stay unacknowledged.
func setUserTimeout(nc net.Conn, d time.Duration) {
	const tcpUserTimeout = 18 // TCP_USER_TIMEOUT of linux/tcp.h, which package syscall lacks
	tc, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		// Without it the write timeout still ends a stuck connection.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
	})
}
