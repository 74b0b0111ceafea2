// Package rpc is the one edge between gRPC and the rest. Every method of every
// service stands behind it, whatever registers it: it knows which part may call
// which method, ends calls whose deadline has passed, answers for bytes that
// are no message, validates requests from the rules in the protos, catches
// panics, maps errors to codes and counts. Clients are built here too, and map
// codes back to errors.
//
// What comes over a network is bounded before it is believed: connections in
// all and from one address, calls and metadata of a connection, the bytes of
// messages that have begun and not ended, and the time that each may take
// (bounds.go, incoming.go). A caller that may not call a method is refused
// before its request is read.
package rpc
