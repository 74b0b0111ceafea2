//go:build !linux

package local

import "syscall"

// dieWithParent has no counterpart here: a server outlives a killed owner
// until somebody ends it.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
