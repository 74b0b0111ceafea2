package packet

import (
	"context"
	"net/netip"
	"time"
)

// RefreshInterval is refreshInterval.
const RefreshInterval = refreshInterval

// SetSaveWait sets how long the end of a play waits for the world. It is called
// before the server runs.
func (s *Server) SetSaveWait(d time.Duration) { s.saveWait = d }

// Gate is the gate of sign-ins.
type Gate struct{ g *gate }

// NewGate returns a gate.
func NewGate(cfg Config) Gate { return Gate{newGate(&cfg, newMetrics(nil))} }

// SignIn runs work when it is the turn of an address.
func (g Gate) SignIn(ctx context.Context, from netip.Addr, work func() error) error {
	return g.g.through(ctx, g.g.signIns, "sign-in", from, work)
}
