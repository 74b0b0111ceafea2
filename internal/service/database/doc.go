// Package database serves the storage contract over gRPC: it decodes a request,
// calls the store, and encodes the answer. The store decides what the answer
// is. internal/rpc turns errors into codes.
package database
