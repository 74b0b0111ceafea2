// Package packet is the gateway: it speaks the game client's binary protocol
// on three TCP ports, one for each stage, and turns packets into calls to the
// auth, character and world parts.
//
// A connection belongs to two goroutines (see connection); the stream to the
// world belongs to one more. What the world tells several players is enciphered
// once and queued to each. No queue is waited for: a client that does not read
// is dropped.
package packet
