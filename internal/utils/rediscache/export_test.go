package rediscache

import (
	"time"
)

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

// Target is what a URL names.
type Target struct {
	Addrs                          []string
	User, Password, Master         string
	SentinelUser, SentinelPassword string
	DB                             int
	Cluster, TLS                   bool
}

// ParseTarget understands a URL as Open does.
func ParseTarget(url string) (Target, error) {
	a, err := parseURL(url)
	if err != nil {
		return Target{}, err
	}
	return Target{
		Addrs: a.opt.InitAddress, User: a.opt.Username, Password: a.opt.Password, Master: a.opt.Sentinel.MasterSet,
		SentinelUser: a.opt.Sentinel.Username, SentinelPassword: a.opt.Sentinel.Password,
		DB: a.opt.SelectDB, Cluster: a.kind == cluster,
		TLS: a.opt.TLSConfig != nil && (a.kind != sentinel || a.opt.Sentinel.TLSConfig != nil),
	}, nil
}
