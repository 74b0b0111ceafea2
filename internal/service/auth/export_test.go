package auth

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Verify is the check of a stored hash.
func Verify(hash, form string) bool { return verify(hash, form) }

// Pool is the bound on hashing.
type Pool struct{ p *pool }

// NewPool returns a pool whose times nobody looks at.
func NewPool(workers, queue int) Pool {
	return Pool{newPool(workers, queue, prometheus.ObserverFunc(func(float64) {}))}
}

// Do calls f when a worker is free.
func (p Pool) Do(ctx context.Context, f func()) error { return p.p.do(ctx, f) }

// Waiting returns how many callers wait.
func (p Pool) Waiting() int { return p.p.waiting() }

// SetClosingWait sets how long a sign-in waits for the end of an earlier one. It
// is called before the part serves.
func (s *Server) SetClosingWait(d time.Duration) { s.closingWait = d }

// ClosingWait is how long that is otherwise.
const ClosingWait = closingWait

// TokenTries is how many tokens HandOver draws.
const TokenTries = tokenTries
