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

// errFull and errLate ask to come back: too many wait to be let in, or one has
// waited too long.
var (
	errFull = errs.New(errs.ResourceExhausted, "GATEWAY_BUSY", "too many are on their way in; try again").RetryIn(time.Second)
	errLate = errs.New(errs.ResourceExhausted, "GATEWAY_SLOW", "the way in took too long; try again").RetryIn(time.Second)
)

// gate lets so many clients at a time cost the other parts work on their way in,
// and has the others wait for it: beyond what the machines do at once, each more
// at a time makes all slower, until none is done in time. Clients that have signed
// in have a gate of their own, of the same size, so that a client half-way in does
// not wait behind newcomers; and so have sign-ins that wait for the end of an earlier
// play, for a few of them would keep everybody else waiting.
type gate struct {
	signIns, takeOvers, steps *fairpool.Pool
	wait                      time.Duration // at most
	metrics                   *metrics
}

func newGate(cfg *Config, m *metrics) *gate {
	return &gate{
		signIns: fairpool.New(cfg.SignIns, cfg.SignInQueue, cfg.SignInQueue, errFull, nil),
		// No more than there are connections, each of which waits for one.
		takeOvers: fairpool.New(cfg.SignIns, math.MaxInt, math.MaxInt, errFull, nil),
		steps:     fairpool.New(cfg.SignIns, math.MaxInt, math.MaxInt, errFull, nil),
		wait:      cfg.SignInWait, metrics: m,
	}
}

// through runs work when it is the turn of the address, whose lines take turns.
// The wait is none of the work's time.
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

// signIn runs the call of a sign-in, in its turn and within limit. A client that
// goes meanwhile gives up its turn, and its call.
func (s *session) signIn(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	return s.gated(ctx, s.srv.gate.signIns, "sign-in", limit, call)
}

// takeOver is signIn for one that ends an earlier play.
func (s *session) takeOver(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	return s.gated(ctx, s.srv.gate.takeOvers, "take-over", limit, call)
}

// step is signIn for a call on the way in after that.
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
