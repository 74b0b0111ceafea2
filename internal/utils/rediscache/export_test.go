package rediscache

import "time"

// Breaker lets tests drive the circuit breaker without Redis.
type Breaker struct{ b *breaker }

// NewBreaker returns a closed breaker; onChange hears of every new state.
func NewBreaker(threshold uint, openFor time.Duration, onChange func(State)) Breaker {
	return Breaker{newBreaker(threshold, openFor, onChange)}
}

// State returns the current state.
func (b Breaker) State() State { return b.b.current() }

// Acquire asks for a permit; done takes "worked", "failed" or "gave up".
func (b Breaker) Acquire() (done func(outcome string), ok bool) {
	p, ok := b.b.acquire()
	return func(text string) {
		p.done(map[string]outcome{"worked": worked, "failed": failed, "gave up": gaveUp}[text])
	}, ok
}
