package local

import "syscall"

// dieWithParent lets the kernel end a server whose owner was killed.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
