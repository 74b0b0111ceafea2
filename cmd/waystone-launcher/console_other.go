//go:build !windows

package main

// attachConsole does what Windows alone needs.
func attachConsole() {}
