//go:build !linux

package packet

import (
	"net"
	"time"
)

// setUserTimeout does nothing: this system has no such option. The write timeout
// ends a stuck connection.
func setUserTimeout(net.Conn, time.Duration) {}
