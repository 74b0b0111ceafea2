package packet

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// The budget of emotes: as many as the client's own pause between two actions
// allows, and a few at once.
const (
	emoteEvery = 250 * time.Millisecond
	emoteBurst = 4
)

func newEmoteLimiter() *rate.Limiter { return rate.NewLimiter(rate.Every(emoteEvery), emoteBurst) }

// limits counts connections, in all and by address. IPv6 addresses count by their
// /64, which is what one customer gets. If there is no place left, the connection
// that has waited longest without a sign-in loses its place. So connections that
// never sign in take no place from players.
type limits struct {
	max, maxPerAddress int

	mu        sync.Mutex
	total     int
	byAddress map[netip.Prefix]int
	waiting   list.List // of *place, oldest first; some may have signed in meanwhile
}

// place is the place of one connection.
type place struct {
	conn    *connection.Conn
	address netip.Prefix
	waits   *list.Element // nil once it is out of the list
	lost    bool          // another connection has it
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

// take returns a place for one more connection, and the connection that loses its
// place for it, or nil. The caller must close that connection.
func (l *limits) take(c *connection.Conn) (p *place, loser *connection.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := c.Remote().Addr()
	p = &place{conn: c, address: prefixOf(a)}
	if !a.IsLoopback() && l.byAddress[p.address] >= l.maxPerAddress {
		return nil, nil
	}
	if l.total >= l.max {
		lost := l.oldestWaiting()
		if lost == nil {
			return nil, nil
		}
		lost.lost, loser = true, lost.conn
		l.total--
	}
	l.total++
	l.byAddress[p.address]++
	p.waits = l.waiting.PushBack(p)
	return p, loser
}

// oldestWaiting removes from the list the connection that has waited longest
// without a sign-in, and all before it that have signed in.
func (l *limits) oldestWaiting() *place {
	for e := l.waiting.Front(); e != nil; e = l.waiting.Front() {
		p, _ := l.waiting.Remove(e).(*place) // nothing else is in it
		p.waits = nil
		if beforeSignIn(p.conn) {
			return p
		}
	}
	return nil
}

// give returns a place.
func (l *limits) give(p *place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !p.lost {
		l.total--
	}
	if p.waits != nil {
		l.waiting.Remove(p.waits)
	}
	if l.byAddress[p.address]--; l.byAddress[p.address] <= 0 {
		delete(l.byAddress, p.address)
	}
}

func (l *limits) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
