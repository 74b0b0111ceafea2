// Package app is the composition root: it reads the settings, builds the parts
// that a process is to run, connects them, and starts and stops them in order.
// It is the only package that sees everything, and nothing imports it but the
// command.
package app
