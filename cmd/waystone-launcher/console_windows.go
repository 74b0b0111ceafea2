package main

import (
	"os"
	"syscall"
)

// attachConsole connects the outputs to the terminal that the program was
// called from, if there is one: a program without a window of its own, which is
// what keeps a black one from opening at every link, has none by itself. The
// input stays with the terminal, which reads on meanwhile. Outputs that lead
// into a file or a pipe are left alone.
func attachConsole() {
	if _, err := os.Stdout.Stat(); err == nil {
		return
	}
	const parent = ^uintptr(0) // ATTACH_PARENT_PROCESS
	attach := syscall.NewLazyDLL("kernel32.dll").NewProc("AttachConsole")
	if ok, _, _ := attach.Call(parent); ok == 0 {
		return
	}
	if out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0); err == nil {
		os.Stdout, os.Stderr = out, out
	}
}
