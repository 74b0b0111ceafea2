package auth

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/service/auth/turns"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Prefixes that a try is counted with. Whoever has one address of a network can
// usually have its neighbours too; the wide one is what a small provider or a
// tunnel gives to one customer, the widest what a provider has.
var (
	bits4 = prefixes{address: 32, network: 24, wide: 20, widest: 16}  //nolint:gochecknoglobals // a constant
	bits6 = prefixes{address: 128, network: 56, wide: 48, widest: 32} //nolint:gochecknoglobals // a constant
)

type prefixes struct{ address, network, wide, widest int }

// What a flood of tries that have to wait may cost: a network gets one such
// answer in refusalPause, so that hardly any of the machine's time goes into
// them, and so many of its callers may wait for theirs.
const (
	refusalPause = 5 * time.Millisecond
	maxTrying    = 256
)

// What is tried at a user. Tries at one are in no count of the other: those at a
// sign-in, which anybody can make, do not keep somebody waiting who has a session.
const (
	toSignIn  = "sign-in"
	toConfirm = "confirm"
)

// target is what a try is at.
type target struct {
	what string // of the above
	name string // as it was typed
	// find returns the user whom the name means, or an error of isNobody.
	find func(context.Context) (*store.User, error)
}

// account returns the user whom a try is at, nil for nobody, and what it is counted
// at: whatever name of the user's was typed, that is the same. Nobody can type a
// name that begins with a control character into the game.
func (t target) account(ctx context.Context) (*store.User, store.Digest, error) {
	u, err := t.find(ctx)
	switch {
	case err == nil:
		return u, store.DigestOf("\x00" + t.what + "\x00" + u.ID), nil
	case isNobody(err):
		return nil, store.DigestOf(strings.ToLower(t.name)), nil
	}
	return nil, store.Digest{}, err
}

// attemptFrom returns a try, at no account yet, from an address of parseAddress.
// Loopback ones are counted like all others.
func attemptFrom(from netip.Addr) store.Attempt {
	bits := bits6
	if from.Is4() {
		bits = bits4
	}
	of := func(n int) string { return netip.PrefixFrom(from, n).Masked().String() }
	return store.Attempt{
		Address: of(bits.address), Network: of(bits.network), Wide: of(bits.wide), Widest: of(bits.widest),
	}
}

// lineBits6 is the part of an IPv6 address that one host of a network cannot
// choose.
const lineBits6 = 64

// lineOf returns the line, within a network, in which callers of an address wait.
func lineOf(from netip.Addr) string {
	if from.Is4() {
		return from.String()
	}
	return netip.PrefixFrom(from, lineBits6).Masked().String()
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
	// The addresses of the network take turns.
	turns turns.Turns
}

// try is one look at a secret.
type try struct {
	throttle *throttle
	attempt  store.Attempt
	user     *store.User // whom it is at; nil for nobody
	line     string      // in which it waits for the hash
}

// begin finds out whom a try is at, counts it, and returns ErrTooManyAttempts when
// it has to wait. Whoever is meant, the same is asked of the store, and the answer
// is of the same form. A try whose network has filled its
// line for the hash, or for being counted, is refused with ErrBusy and not
// counted. One from an address that the account is known from waits for the hash
// in a line of its own, which nobody else of the network can fill.
func (t *throttle) begin(ctx context.Context, at target, from netip.Addr) (try, error) {
	y := try{throttle: t, attempt: attemptFrom(from)}
	y.line = y.attempt.Network
	limits := t.limits
	limits.KnownAddressOnly = t.full(y.line)
	var a store.Admission
	err := t.turns.Do(ctx, y.attempt.Network, lineOf(from), func() (err error) {
		if y.user, y.attempt.Account, err = at.account(ctx); err != nil {
			return err
		}
		if y.user != nil {
			y.attempt.UserID = y.user.ID
		}
		a, err = t.attempts.BeginAttempt(ctx, y.attempt, limits)
		if err == nil && (a.Wait > 0 || limits.KnownAddressOnly && !a.KnownAddress) {
			pause(ctx, refusalPause)
		}
		return err
	})
	if a.KnownAddress {
		y.line = y.attempt.Address + " " + string(y.attempt.Account[:])
	}
	switch {
	case errors.Is(err, turns.ErrFull):
		return y, ErrBusy
	case err != nil:
		return y, err
	case limits.KnownAddressOnly && !a.KnownAddress:
		return y, ErrBusy
	}
	device := "new"
	switch {
	case a.KnownAddress:
		device = "known"
	case a.Known:
		device = "neighbour"
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
