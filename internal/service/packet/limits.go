package packet

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What a player may play of emotes: as often as the client's own pause between
// two actions lets him, and a few at once.
const (
	emoteEvery = 250 * time.Millisecond
	emoteBurst = 4
)

func newEmoteLimiter() *rate.Limiter { return rate.NewLimiter(rate.Every(emoteEvery), emoteBurst) }

// limits counts connections, in all and by address. IPv6 addresses count by
// their /64, which is what one customer gets.
type limits struct {
	max, maxPerAddress int

	mu        sync.Mutex
	total     int
	byAddress map[netip.Prefix]int
}

func newLimits(total, perAddress int) *limits {
	return &limits{max: total, maxPerAddress: perAddress, byAddress: map[netip.Prefix]int{}}
}

func prefixOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails only for an invalid address, which then shares one count
	return p
}

// take reports whether one more connection from an address is allowed, and
// counts it if so.
func (l *limits) take(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := prefixOf(a)
	if l.total >= l.max || !a.IsLoopback() && l.byAddress[p] >= l.maxPerAddress {
		return false
	}
	l.total++
	l.byAddress[p]++
	return true
}

// give takes a connection back.
func (l *limits) give(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := prefixOf(a)
	l.total--
	if l.byAddress[p]--; l.byAddress[p] <= 0 {
		delete(l.byAddress, p)
	}
}

func (l *limits) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
