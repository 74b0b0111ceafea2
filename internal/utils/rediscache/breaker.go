package rediscache

import (
	"math/rand/v2"
	"sync"
	"time"
)

// State is how a Redis is doing.
type State string

// The states. The last three are those of a circuit breaker.
const (
	StateConnecting State = "connecting" // there is no connection yet, or no more
	StateClosed     State = "closed"     // calls go through
	StateOpen       State = "open"       // calls fail without being tried
	StateHalfOpen   State = "half-open"  // one call is trying, the others fail
)

// breaker is a circuit breaker: after so many failures in a row it lets no call
// through for a while, then a single one, whose outcome decides.
//
//	closed ──failures──► open ──openFor──► half-open ──success──► closed
//	                      ▲                    │
//	                      └──────failure───────┘
type breaker struct {
	threshold uint
	openFor   time.Duration
	onChange  func(State) // called without the lock

	mu       sync.Mutex
	state    State
	failures uint      // in a row, while closed
	until    time.Time // the end of open
}

func newBreaker(threshold uint, openFor time.Duration, onChange func(State)) *breaker {
	return &breaker{threshold: threshold, openFor: openFor, onChange: onChange, state: StateClosed}
}

// outcome is what a call tells about Redis.
type outcome int

const (
	worked outcome = iota
	failed
	gaveUp // the caller did: it tells nothing
)

// permit lets one call through; the call hands it back with its outcome.
type permit struct {
	b     *breaker
	trial bool
}

// acquire returns a permit, or false when the call must not be made.
func (b *breaker) acquire() (permit, bool) {
	b.mu.Lock()
	switch {
	case b.state == StateClosed:
		b.mu.Unlock()
		return permit{b: b}, true
	case b.state == StateHalfOpen || time.Now().Before(b.until):
		b.mu.Unlock()
		return permit{}, false
	}
	b.state = StateHalfOpen
	b.mu.Unlock()
	b.onChange(StateHalfOpen)
	return permit{b: b, trial: true}, true
}

// done judges by the outcome. Calls that began before the breaker opened have
// no say any more.
func (p permit) done(o outcome) {
	b := p.b
	b.mu.Lock()
	before := b.state
	switch {
	case p.trial && o == worked:
		b.state, b.failures = StateClosed, 0
	case p.trial && o == failed:
		b.open()
	case p.trial:
		b.state, b.until = StateOpen, time.Time{} // the next call tries
	case b.state != StateClosed || o == gaveUp:
	case o == worked:
		b.failures = 0
	default:
		if b.failures++; b.failures >= b.threshold {
			b.open()
		}
	}
	after := b.state
	b.mu.Unlock()
	if after != before {
		b.onChange(after)
	}
}

// open spreads the end by a quarter either way, so that replicas that lost
// Redis together do not all come back to it at once.
func (b *breaker) open() {
	b.state = StateOpen
	b.until = time.Now().Add(time.Duration((0.75 + rand.Float64()/2) * float64(b.openFor))) //nolint:gosec // spreads load, keeps no secret
}

func (b *breaker) current() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
