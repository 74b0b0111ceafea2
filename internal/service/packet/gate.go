package packet

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

// errFull and errLate ask the client to try again: too many clients wait, or this
// one has waited too long.
var (
	errFull = errs.New(errs.ResourceExhausted, "GATEWAY_BUSY", "too many sign-ins are waiting; try again").RetryIn(time.Second)
	errLate = errs.New(errs.ResourceExhausted, "GATEWAY_SLOW", "the sign-in has waited too long; try again").RetryIn(time.Second)
)

// gate limits how many sign-ins the other parts work on at the same time; the
// others wait. More calls at the same time would make all of them slower, until
// none is done in time. The steps after the sign-in have their own gate of the same
// size, so that a client that is half-way in does not wait behind new sign-ins.
// Sign-ins that wait for the end of an earlier play have their own gate too,
// because a few of them would block all others.
type gate struct {
	signIns, takeOvers, steps *fairpool.Pool
	wait                      time.Duration // at most
	metrics                   *metrics
}

func newGate(cfg *Config, m *metrics) *gate {
	return &gate{
		signIns: fairpool.New(cfg.SignIns, cfg.SignInQueue, cfg.SignInQueue, errFull, nil),
		// At most one for each connection.
		takeOvers: fairpool.New(cfg.SignIns, math.MaxInt, math.MaxInt, errFull, nil),
		steps:     fairpool.New(cfg.SignIns, math.MaxInt, math.MaxInt, errFull, nil),
		wait:      cfg.SignInWait, metrics: m,
	}
}

// through runs work when it is the turn of this caller; the addresses take turns.
// The wait does not count as time of the work.
func (g *gate) through(ctx context.Context, pool *fairpool.Pool, kind string, from netip.Addr, work func() error) error {
	wait, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	begun := time.Now()
	leave, err := pool.Enter(wait, prefixOf(from).String())
	g.metrics.waited.WithLabelValues(kind).Observe(time.Since(begun).Seconds())
	switch {
	case err == nil:
		defer leave()
		return work()
	case ctx.Err() != nil:
		g.metrics.turnedAway.WithLabelValues(kind, "gone").Inc()
		return ctx.Err()
	case errors.Is(err, errFull):
		g.metrics.turnedAway.WithLabelValues(kind, "full").Inc()
		return err
	default:
		g.metrics.turnedAway.WithLabelValues(kind, "late").Inc()
		return errLate
	}
}

// signIn runs the call of a sign-in when it is its turn, within limit. If the
// client leaves meanwhile, it loses its turn, and its call is cancelled.
func (s *session) signIn(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	return s.gated(ctx, s.srv.gate.signIns, "sign-in", limit, call)
}

// takeOver is signIn for a sign-in that ends an earlier play.
func (s *session) takeOver(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	return s.gated(ctx, s.srv.gate.takeOvers, "take-over", limit, call)
}

// step is signIn for a later call before play.
func (s *session) step(ctx context.Context, call func(context.Context) error) error {
	return s.gated(ctx, s.srv.gate.steps, "step", s.srv.cfg.BackendTimeout, call)
}

func (s *session) gated(ctx context.Context, pool *fairpool.Pool, kind string, limit time.Duration, call func(context.Context) error) error {
	return s.conn.WhileConnected(ctx, func(ctx context.Context) error {
		return s.srv.gate.through(ctx, pool, kind, s.conn.Remote().Addr(), func() error {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			return call(ctx)
		})
	})
}
