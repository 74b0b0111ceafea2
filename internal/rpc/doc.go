// Package rpc is the one edge between gRPC and the rest. Every method of every
// service stands behind it, whatever registers it: it knows which part may call
// which method, ends calls whose deadline has passed, answers for bytes that
// are no message, validates requests from the rules in the protos, catches
// panics, maps errors to codes and counts. Clients are built here too, and map
// codes back to errors.
package rpc
