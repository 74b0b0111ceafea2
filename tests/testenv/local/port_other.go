//go:build !linux

package local

import "sync"

var reserved sync.Map //nolint:gochecknoglobals // ports are common to the machine

// reserve keeps a port from all others in this process who ask FreePort.
func reserve(port int) bool {
	_, taken := reserved.LoadOrStore(port, true)
	return !taken
}
