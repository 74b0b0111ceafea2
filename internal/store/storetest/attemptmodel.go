package storetest

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// attemptModel is the contract of store.Attempts in the fewest words.
type attemptModel struct {
	tries map[string][]modelTry // by what counts them
	known map[string]time.Time  // by account and address, and by account and network
}

// modelTry is a try that went on.
type modelTry struct {
	at    time.Time
	of    string // device
	right bool   // it is kept, without being counted, as the last one's wait is gone
}

// modelKeys returns what a try at an account is known by, narrowest first, and
// what it is counted by besides, with the limits of that.
func modelKeys(a store.Attempt, l store.AttemptLimits) (here, device string, others map[string]store.AttemptLimit) {
	account := a.UserID + "/" + string(a.Account[:])
	others = map[string]store.AttemptLimit{account: l.Account, a.Network: l.Network}
	if a.Wide != "" {
		others[a.Wide] = l.Wide
	}
	if a.Widest != "" {
		others[a.Widest] = l.Widest
	}
	if a.Address != "" {
		here = account + "/" + a.Address
	}
	return here, account + "/" + a.Network, others
}

func (m *attemptModel) begin(a store.Attempt, l store.AttemptLimits, now time.Time) store.Admission {
	here, device, held := modelKeys(a, l)
	admission := store.Admission{KnownAddress: m.known[here].After(now)}
	admission.Known = admission.KnownAddress || m.known[device].After(now)
	switch {
	case admission.KnownAddress:
		held = map[string]store.AttemptLimit{here: l.Device}
	case l.KnownAddressOnly:
		return admission
	case admission.Known:
		held = map[string]store.AttemptLimit{device: l.Device}
	default:
		if _, was := m.known[device]; was {
			delete(m.known, device)
			m.tries[device] = nil
		}
		held[device] = l.Device
	}
	for key, limit := range held {
		if tries := m.tries[key]; len(tries) > 0 {
			last := tries[len(tries)-1]
			if !last.at.Add(limit.Memory).After(now) {
				m.tries[key] = nil
			} else if n := countWrong(tries); !last.right && n > 0 {
				admission.Wait = max(admission.Wait, last.at.Add(limit.Delay(n)).Sub(now))
			}
		}
	}
	if admission.Wait == 0 {
		for key := range held {
			m.tries[key] = append(m.tries[key], modelTry{at: now, of: device})
		}
	}
	return admission
}

func (m *attemptModel) end(a store.Attempt, now, until time.Time) {
	here, device, others := modelKeys(a, store.AttemptLimits{})
	knownHere := m.known[here].After(now)
	if here != "" {
		m.tries[here] = nil
		m.known[here] = until
	}
	if !knownHere {
		if _, known := m.known[device]; !known {
			for range m.tries[device] {
				for key := range others {
					m.takeOff(key, device)
				}
			}
		}
		m.tries[device] = nil
	}
	m.known[device] = until
}

// takeOff takes the last try of a device that is in a count off it.
func (m *attemptModel) takeOff(key, device string) {
	tries := m.tries[key]
	for i := len(tries) - 1; i >= 0; i-- {
		if tries[i].of == device && !tries[i].right {
			tries[i].right = true
			break
		}
	}
	if countWrong(tries) == 0 {
		m.tries[key] = nil
	}
}

func countWrong(tries []modelTry) (n int) {
	for _, one := range tries {
		if !one.right {
			n++
		}
	}
	return n
}

// attemptsModel does anything at all, with few accounts and networks so that
// they meet, and holds every answer against the model. All memories are equal:
// a count then never forgets tries that a device of it still has.
func attemptsModel(t *testing.T, e Env) {
	ctx := testContext(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // no secret
	limit := func() store.AttemptLimit {
		return store.AttemptLimit{
			Free: 1 + rnd.IntN(6), First: time.Duration(1+rnd.IntN(20)) * 100 * time.Millisecond,
			Longest: time.Duration(2+rnd.IntN(20)) * time.Second, Memory: 40 * time.Second,
		}
	}
	l := store.AttemptLimits{Device: limit(), Account: limit(), Network: limit(), Wide: limit(), Widest: limit()}
	bobby(t, e)
	m := &attemptModel{tries: make(map[string][]modelTry), known: make(map[string]time.Time)}
	for step := range 500 {
		host, net := rnd.IntN(3), rnd.IntN(4)
		a := attempt("account-"+strconv.Itoa(rnd.IntN(3)), "net-"+strconv.Itoa(net))
		a.UserID = []string{"", "2", "an id of nobody"}[rnd.IntN(3)]
		if host > 0 { // 0 is one of nobody knows what address
			a.Address = a.Network + "-host-" + strconv.Itoa(host)
		}
		if net > 0 { // and one of an island
			a.Wide, a.Widest = "wide-"+strconv.Itoa(net/2), "widest"
		}
		l.KnownAddressOnly = rnd.IntN(8) == 0
		// A millisecond at least: of two tries at one instant it does not matter
		// which was the last.
		e.Clock.Advance([]time.Duration{1, 1, 300, 1000, 2500, 8000, 45_000}[rnd.IntN(7)] * time.Millisecond)
		now := e.Clock.Now()
		if got, want := try(ctx, t, e, a, l), m.begin(a, l, now); got != want {
			t.Fatalf("step %d: got %+v, want %+v with limits %+v", step, got, want, l)
		} else if got.Wait > 0 || l.KnownAddressOnly && !got.KnownAddress {
			continue
		}
		if rnd.IntN(3) == 0 {
			life := time.Duration(1+rnd.IntN(60)) * time.Second
			endAttempt(ctx, t, e, a, life)
			m.end(a, now, now.Add(life))
		}
	}
}
