package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Attempts counts tries to sign in with a secret, for all replicas together and
// across restarts. What is counted at a user, and where a user is known from, is
// that person's: it goes with the person to another name, and nobody who is given
// the name or the id later has it.
type Attempts interface {
	// BeginAttempt counts a try before its secret is looked at and tells whether
	// it may be, in one transaction: of any number of tries at once no more go on
	// than the limits let. A try that has to wait is not counted, by none of the
	// limits, so that nobody prolongs a wait by trying during it.
	BeginAttempt(ctx context.Context, a Attempt, l AttemptLimits) (Admission, error)
	// EndAttempt says that a try which BeginAttempt let go on had the right
	// secret, and makes the account known from its address and its network for a
	// time (1 s to MaxDeviceMemory) from now. From an address that is not known
	// yet, all tries at the account from the network are forgotten, in every count
	// that they are in, and no wait that the last of them began is left; from one
	// that is known, those from the address. Calling it again changes no count.
	EndAttempt(ctx context.Context, a Attempt, knownFor time.Duration) error
}

// Attempt is a try to sign in.
type Attempt struct {
	// UserID is the user whom the try is at; empty when what was typed is nobody's.
	UserID string
	// Account is the digest of what is tried: with a UserID of the same text for
	// all names of the user, and otherwise of the folded name as typed.
	Account Digest
	Address string // that it comes from, such as 203.0.113.7/32; empty where nobody knows it
	Network string // of the address, such as 203.0.113.0/24
	Wide    string // network around that one; empty for none
	Widest  string // network around that; empty for none
}

// CountedAs returns the account that a try is counted at: its own where nobody is
// meant, and otherwise one of the person whom its user is. there is when that
// person was made, nil when nobody has the id any more.
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

// AttemptLimits are the counts that a try is held against, by how well the
// account is known where it comes from:
//
//   - From an address that the account has signed in from, against Device alone,
//     in a count of the account and the address: nobody else can be in it.
//   - From another address of a network that it has signed in from, against
//     Device alone, in a count of the account and the network, which neighbours
//     share: no stranger elsewhere is in it.
//   - From elsewhere, against that count and all others.
type AttemptLimits struct {
	Device  AttemptLimit // tries at the account from the known address, or else from the network
	Account AttemptLimit // tries at the account from networks it is not known from
	Network AttemptLimit // tries from the network at accounts it is not known to
	Wide    AttemptLimit // the same of the attempt's Wide; of no meaning without one
	Widest  AttemptLimit // the same of the attempt's Widest; of no meaning without one
	// KnownAddressOnly wants no other try counted, nor gone on with: the caller
	// takes an Admission without KnownAddress for a refusal.
	KnownAddressOnly bool
}

// AttemptLimit slows tries down: after Free ones, each further one opens only
// when a wait is over, which is First at first and twice as long every time, up
// to Longest. The count is forgotten when no try came for Memory. Durations
// count in whole milliseconds; fractions are dropped.
type AttemptLimit struct {
	Free    int           // 1 to 100,000
	First   time.Duration // 100 ms to 1 h
	Longest time.Duration // First to 24 h
	Memory  time.Duration // Longest to 30 days, and 1 s or more
}

// MaxDeviceMemory bounds how long a device can be known.
const MaxDeviceMemory = 400 * 24 * time.Hour

// Admission says whether a try may go on.
type Admission struct {
	Wait  time.Duration // before the next try; 0 when this one may go on
	Known bool          // the account has signed in from this network before
	// KnownAddress says that it was from this very address.
	KnownAddress bool
}

// Delay returns how long the next try has to wait after the n-th.
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
