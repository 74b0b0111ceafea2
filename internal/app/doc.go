// Package app is the composition root: it reads the settings, builds the parts that
// a process is to run, connects them, and starts and stops them in order. It is the
// only package that may import all others. Only the command imports it.
package app
