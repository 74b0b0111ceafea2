package auth

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/service/auth/hashpool"
	"github.com/waystone-mmo/waystone/internal/service/auth/turns"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Networks are counted, not addresses: whoever has one address of an IPv4 /24 or
// of an IPv6 /56 can usually have its neighbours too.
const (
	networkBits4 = 24
	networkBits6 = 56
)

// What a flood of tries that have to wait may cost: a network gets one such
// answer in refusalPause, so that hardly any of the machine's time goes into
// them, and so many of its callers may wait for theirs.
const (
	refusalPause = 5 * time.Millisecond
	maxTrying    = 256
)

// networkOf returns the network that an address is counted with, such as
// 203.0.113.0/24. The address is one of parseAddress; loopback ones are counted
// like all others.
func networkOf(a netip.Addr) string {
	bits := networkBits6
	if a.Is4() {
		bits = networkBits4
	}
	return netip.PrefixFrom(a, bits).Masked().String()
}

// throttle slows down the guessing of passwords.
type throttle struct {
	attempts store.Attempts
	limits   store.AttemptLimits
	knownFor time.Duration
	tries    *prometheus.CounterVec // by device and result
	// full reports whether a try from a network would find no place to be hashed.
	full func(network string) bool
	// The store judges the tries of a network one after the other. They wait for
	// that here, where they hold none of its connections: those are for others.
	turns turns.Turns
}

// try is one look at a secret.
type try struct {
	throttle *throttle
	attempt  store.Attempt
}

// begin counts a try at the account of a name, as it was typed, and returns
// ErrTooManyAttempts when it has to wait. It asks whether there is such an
// account as little as the answer tells it. A try whose network has filled its
// line for the hash, or for being counted, is refused with ErrBusy and not
// counted.
func (t *throttle) begin(ctx context.Context, name string, from netip.Addr) (try, error) {
	y := try{t, store.Attempt{Account: store.DigestOf(strings.ToLower(name)), Network: networkOf(from)}}
	if t.full(y.attempt.Network) {
		return y, hashpool.ErrBusy
	}
	var a store.Admission
	err := t.turns.Do(ctx, y.attempt.Network, func() (err error) {
		if a, err = t.attempts.BeginAttempt(ctx, y.attempt, t.limits); err == nil && a.Wait > 0 {
			pause(ctx, refusalPause)
		}
		return err
	})
	switch {
	case errors.Is(err, turns.ErrFull):
		return y, hashpool.ErrBusy
	case err != nil:
		return y, err
	}
	device := "new"
	if a.Known {
		device = "known"
	}
	if a.Wait > 0 {
		t.tries.WithLabelValues(device, "refused").Inc()
		return y, ErrTooManyAttempts.RetryIn(a.Wait)
	}
	t.tries.WithLabelValues(device, "begun").Inc()
	return y, nil
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

// right says that the secret was right.
func (y try) right(ctx context.Context) error {
	return y.throttle.attempts.EndAttempt(ctx, y.attempt, y.throttle.knownFor)
}
