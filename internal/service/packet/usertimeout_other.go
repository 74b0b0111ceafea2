//go:build !linux

package packet

import (
	"net"
	"time"
)

// setUserTimeout does nothing where the system has no such option: the write
// timeout ends a stuck connection.
func setUserTimeout(net.Conn, time.Duration) {}
