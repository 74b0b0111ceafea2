package auth

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Verify is the check of a stored hash.
func Verify(hash, form string) bool { return verify(hash, form) }

// VerifySite is the check of a hash of the website.
func VerifySite(hash, password string) bool { return verifySite(hash, password) }

// SiteHash hashes as the website does, with a salt that is always the same.
func SiteHash(password string) string {
	const salt = "000102030405060708090a0b0c0d0e0f"
	return salt + ":" + hex.EncodeToString(siteKey(password, salt))
}

// NetworkOf is the network that an address is counted with.
func NetworkOf(address string) string {
	a, err := parseAddress(address)
	if err != nil {
		return ""
	}
	return networkOf(a)
}

// Pool is the bound on hashing.
type Pool struct{ p *pool }

// NewPool returns a pool whose times nobody looks at.
func NewPool(workers, queue, perLine int) Pool {
	return Pool{newPool(workers, queue, perLine, prometheus.ObserverFunc(func(float64) {}))}
}

// Do calls f when a worker is free.
func (p Pool) Do(ctx context.Context, network string, f func()) error { return p.p.do(ctx, network, f) }

// Waiting returns how many callers wait.
func (p Pool) Waiting() int { return p.p.waiting() }

// SetClosingWait sets how long a sign-in waits for the end of an earlier one. It
// is called before the part serves.
func (s *Server) SetClosingWait(d time.Duration) { s.closingWait = d }

// ClosingWait is how long that is otherwise.
const ClosingWait = closingWait

// TokenTries is how many tokens HandOver draws.
const TokenTries = tokenTries

// Lines returns how many networks are remembered.
func (p Pool) Lines() int {
	p.p.mu.Lock()
	defer p.p.mu.Unlock()
	return len(p.p.lines)
}
