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

// Prefixes that an attempt is counted with. Somebody who has one address of a
// network can usually have its neighbours too. The wide one is what a small
// provider or a tunnel gives to one customer. The widest one is what a provider
// has.
var (
	bits4 = prefixes{address: 32, network: 24, wide: 20, widest: 16}  //nolint:gochecknoglobals // a constant
	bits6 = prefixes{address: 128, network: 56, wide: 48, widest: 32} //nolint:gochecknoglobals // a constant
)

type prefixes struct{ address, network, wide, widest int }

// Limits for a flood of attempts that get the answer "wait". A network gets one
// such answer in refusalPause, so that they take hardly any of the machine's
// time. maxTrying of its callers may queue for an answer.
const (
	refusalPause = 5 * time.Millisecond
	maxTrying    = 256
)

// What is attempted at a user. Each has counts of its own: anybody can make
// attempts to sign in, and they must not block a user who has a session.
const (
	toSignIn  = "sign-in"
	toConfirm = "confirm"
)

// target says at what an attempt is made.
type target struct {
	what string // of the above
	name string // as it was typed
	// find returns the user whom the name means, or an error of isNobody.
	find func(context.Context) (*store.User, error)
}

// account returns the user at whom an attempt is made, nil for nobody, and the
// digest under which it is counted. The digest is the same for every name of the
// user. It cannot be that of a typed name, because nobody can type a name that
// begins with a control character into the game.
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

// attemptFrom returns an attempt from an address of parseAddress, without an
// account yet. Loopback addresses are counted like all others.
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

// lineBits6 is the length of the part of an IPv6 address that a host cannot
// choose freely.
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
	// full reports whether the queue of a network for the hash is full.
	full func(network string) bool
	// The store counts the attempts of a network one after the other. They wait
	// for that here, where they do not hold a connection of the store, so that
	// others can use it. The addresses of the network take turns.
	turns turns.Turns
}

// try is one attempt at a secret.
type try struct {
	throttle *throttle
	attempt  store.Attempt
	user     *store.User // at whom it is made; nil for nobody
	line     string      // queue in which it waits for the hash
}

// begin finds the user at whom an attempt is made, counts it, and returns
// ErrTooManyAttempts if it has to wait. For every name, known or not, the store
// gets the same queries, and the answer has the same form. If the network has
// filled its queue for the hash, or for being counted, the attempt is refused with
// ErrBusy and not counted. An attempt from a known address of the account waits
// for the hash in a queue of its own, which nobody else of the network can fill.
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
