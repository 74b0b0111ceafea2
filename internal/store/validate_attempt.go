package store

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// MaxNetworkLength bounds the text of a network.
const MaxNetworkLength = 64

// Bounds of an AttemptLimit.
const (
	maxFreeAttempts   = 100_000
	minAttemptWait    = 100 * time.Millisecond
	maxFirstWait      = time.Hour
	maxLongestWait    = 24 * time.Hour
	minAttemptMemory  = time.Second
	maxAttemptMemory  = 30 * 24 * time.Hour
	minDeviceKnownFor = time.Second
)

// Validate returns InvalidArgument, naming the field, for an attempt that
// cannot be counted.
func (a *Attempt) Validate() error {
	if a.Address != "" && (a.Address == a.Network || a.Address == a.Wide || a.Address == a.Widest) ||
		a.Wide != "" && (a.Wide == a.Network || a.Wide == a.Widest) || a.Widest != "" && a.Widest == a.Network {
		return errs.Invalid("network", "must be another one than the address and the networks around it")
	}
	return first(
		checkText("user_id", a.UserID, 0, MaxIDLength),
		checkText("address", a.Address, 0, MaxNetworkLength),
		checkText("network", a.Network, 1, MaxNetworkLength),
		checkText("wide_network", a.Wide, 0, MaxNetworkLength),
		checkText("widest_network", a.Widest, 0, MaxNetworkLength),
	)
}

// Validate returns InvalidArgument, naming the field, for limits that cannot be
// applied to the attempt.
func (l *AttemptLimits) Validate(a Attempt) error {
	err := first(
		l.Device.Validate("device_limit"),
		l.Account.Validate("account_limit"),
		l.Network.Validate("network_limit"),
	)
	if err == nil && a.Wide != "" {
		err = l.Wide.Validate("wide_limit")
	}
	if err == nil && a.Widest != "" {
		err = l.Widest.Validate("widest_limit")
	}
	return err
}

// Validate returns InvalidArgument, naming the part of the field, for a limit
// that is out of its bounds.
func (l AttemptLimit) Validate(field string) error {
	switch {
	case l.Free < 1 || l.Free > maxFreeAttempts:
		return errs.Invalid(field+".free", "must be 1 to 100000")
	case l.First < minAttemptWait || l.First > maxFirstWait:
		return errs.Invalid(field+".first", "must be 100 ms to 1 hour")
	case l.Longest < l.First || l.Longest > maxLongestWait:
		return errs.Invalid(field+".longest", "must be from the first wait to 1 day")
	case l.Memory < max(l.Longest, minAttemptMemory) || l.Memory > maxAttemptMemory:
		return errs.Invalid(field+".memory", "must be from the longest wait, and at least 1 second, to 30 days")
	}
	return nil
}

// CheckKnownFor returns InvalidArgument unless d is 1 s to MaxDeviceMemory.
func CheckKnownFor(d time.Duration) error {
	if d < minDeviceKnownFor || d > MaxDeviceMemory {
		return errs.Invalid("known_for", "must be 1 second to 400 days")
	}
	return nil
}
