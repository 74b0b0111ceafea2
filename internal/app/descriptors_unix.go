//go:build unix

package app

import (
	"math"
	"syscall"
)

// descriptors returns how many files the process may open. Go has raised the
// soft limit to the hard one. 0: not bounded, or not known.
func descriptors() int {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil || uint64(lim.Cur) > math.MaxInt32 { //nolint:unconvert // signed on some systems
		return 0
	}
	return int(lim.Cur) //nolint:gosec // checked above
}
