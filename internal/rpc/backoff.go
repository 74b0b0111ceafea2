package rpc

import (
	"time"

	"google.golang.org/grpc/backoff"
)

// reconnectBackoff keeps the wait for a part that restarts short.
var reconnectBackoff = backoff.Config{ //nolint:gochecknoglobals // a constant
	BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second,
}
