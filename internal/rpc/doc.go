// Package rpc is the one edge between gRPC and the rest: it builds servers and
// clients with the same interceptors everywhere, maps errors to codes and
// back, validates requests from the rules in the protos, and knows which part
// may call which method.
package rpc
