// Package packet is the gateway: it speaks the game client's binary protocol
// on three TCP ports, one for each stage, and turns packets into calls to the
// auth, character and world parts.
//
// A connection belongs to two goroutines (see connection); the stream to the world
// belongs to one more. A message for several players is enciphered once and queued
// for each. No sender waits for a queue: a client that does not read is
// disconnected.
package packet
