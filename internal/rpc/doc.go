// Package rpc is the only edge between gRPC and the rest. Every method of every
// service is behind it, whatever registers it. The edge knows which part may
// call which method, ends calls whose deadline has passed, answers if the bytes
// are no message, validates requests by the rules in the protos, catches
// panics, maps errors to codes, and counts. Clients are built here too. They
// map codes back to errors.
//
// What comes over a network is bounded: the number of connections, in all and
// from one address; the calls and the metadata of a connection; the bytes of
// incomplete messages, and the time that each may take (bounds.go,
// incoming.go). If a caller may not call a method, it is refused before its
// request is read.
package rpc
