package local

import (
	"net"
	"strconv"
	"sync"
)

// reserved is what keeps the names from the garbage collector, which would close
// them.
var reserved struct { //nolint:gochecknoglobals // ports are common to the machine
	mu    sync.Mutex
	names []net.Listener
}

// reserve keeps a port from all others who ask FreePort. The name is in no file
// system, and free again when the process ends, however it ends.
func reserve(port int) bool {
	l, err := net.Listen("unix", "@waystone-testenv-port-"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	reserved.mu.Lock()
	defer reserved.mu.Unlock()
	reserved.names = append(reserved.names, l)
	return true
}
