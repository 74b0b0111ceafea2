// Package database is the gRPC face of the storage contract: it decodes a
// request, calls the store, and encodes the answer. What the answer is, the
// store decides; how an error becomes a code, internal/rpc does.
package database
