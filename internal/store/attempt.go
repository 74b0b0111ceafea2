package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Attempts counts attempts to sign in with a secret, for all replicas together
// and across restarts. The counts of a user, and the places from which the user
// is known, belong to the person: they stay if the person's name changes, and
// another person who gets the name or the id later does not have them.
type Attempts interface {
	// BeginAttempt counts an attempt before its secret is looked at, and returns
	// whether it may go on, in one transaction: of any number of concurrent
	// attempts no more go on than the limits allow. An attempt that has to wait
	// is not counted by any limit, so a wait does not become longer by attempts
	// during it.
	BeginAttempt(ctx context.Context, a Attempt, l AttemptLimits) (Admission, error)
	// EndAttempt says that an attempt which BeginAttempt let go on had the right
	// secret. It makes the address and its network known to the account for
	// knownFor (1 s to MaxDeviceMemory) from now. If the address was not known
	// yet, all attempts at the account from the network are removed from every
	// count, and a wait that the last of them began ends. If the address was
	// known, those from the address are removed. A second call changes no count.
	EndAttempt(ctx context.Context, a Attempt, knownFor time.Duration) error
}

// Attempt is an attempt to sign in.
type Attempt struct {
	// UserID is the user at whom the attempt is made; empty if nobody has the typed
	// name.
	UserID string
	// Account is a digest. With a UserID it is of a text that is the same for
	// all names of the user, otherwise of the typed name in lower case.
	Account Digest
	Address string // from which it comes, such as 203.0.113.7/32; empty if not known
	Network string // of the address, such as 203.0.113.0/24
	Wide    string // network around that one; empty for none
	Widest  string // network around that; empty for none
}

// CountedAs returns the account under which an attempt is counted: Account if
// there is no user, otherwise one of the person. there is when the website
// created the user, nil if nobody has the id any more.
func (a *Attempt) CountedAs(there *time.Time) Digest {
	if a.UserID == "" {
		return a.Account
	}
	at := Nobody()
	if there != nil {
		at = *there
	}
	key := binary.BigEndian.AppendUint64(a.Account[:], uint64(at.UnixMilli())) //nolint:gosec // any number will do
	return sha256.Sum256(append(key, a.UserID...))
}

// AttemptLimits are the limits for attempts. Which of them apply depends on the
// place from which the attempt comes:
//
//   - From an address that is known to the account: Device alone, in a count of
//     the account and the address. Nobody else can be in this count.
//   - From another address of a known network: Device alone, in a count of the
//     account and the network. Neighbours share this count, but nobody from
//     other networks is in it.
//   - From elsewhere: the count of the account and the network, and all other
//     limits.
type AttemptLimits struct {
	Device  AttemptLimit // attempts at the account from the known address, otherwise from the network
	Account AttemptLimit // attempts at the account from networks that are not known to it
	Network AttemptLimit // attempts from the network at accounts to which it is not known
	Wide    AttemptLimit // the same for the attempt's Wide; not used if that is empty
	Widest  AttemptLimit // the same for the attempt's Widest; not used if that is empty
	// KnownAddressOnly: only attempts from known addresses are counted and may
	// go on. The caller must treat an Admission without KnownAddress as a
	// refusal.
	KnownAddressOnly bool
}

// AttemptLimit slows attempts down: after Free attempts the next one has to
// wait First, and each further one twice as long, up to Longest. The count is
// forgotten if no attempt came for Memory. Durations count in whole
// milliseconds; fractions are dropped.
type AttemptLimit struct {
	Free    int           // 1 to 100,000
	First   time.Duration // 100 ms to 1 h
	Longest time.Duration // First to 24 h
	Memory  time.Duration // Longest to 30 days, and 1 s or more
}

// MaxDeviceMemory bounds how long a device can be known.
const MaxDeviceMemory = 400 * 24 * time.Hour

// Admission says whether an attempt may go on.
type Admission struct {
	Wait  time.Duration // until the next attempt; 0 if this one may go on
	Known bool          // the account has signed in from this network before
	// KnownAddress: the account has signed in from this very address.
	KnownAddress bool
}

// Delay returns how long the next attempt has to wait after the n-th.
func (l AttemptLimit) Delay(n int) time.Duration {
	if n < l.Free {
		return 0
	}
	d := l.First
	for range n - l.Free {
		if d >= l.Longest-d {
			return l.Longest
		}
		d *= 2
	}
	return min(d, l.Longest)
}
