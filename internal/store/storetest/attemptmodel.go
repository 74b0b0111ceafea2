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
	tries map[string][]modelTry // of an account, of a network, and of a device
	known map[store.Attempt]time.Time
}

// modelTry is a try that went on.
type modelTry struct {
	at    time.Time
	of    store.Attempt
	right bool // it is kept, without being counted, as the last one's wait is gone
}

func modelKeys(a store.Attempt) (device, account, network string) {
	return string(a.Account[:]) + "/" + a.Network, string(a.Account[:]), a.Network
}

func (m *attemptModel) begin(a store.Attempt, l store.AttemptLimits, now time.Time) store.Admission {
	device, account, network := modelKeys(a)
	end, was := m.known[a]
	admission := store.Admission{Known: end.After(now)}
	if was && !admission.Known {
		delete(m.known, a)
		m.tries[device] = nil
	}
	held := map[string]store.AttemptLimit{device: l.Device}
	if !admission.Known {
		held[account], held[network] = l.Account, l.Network
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
			m.tries[key] = append(m.tries[key], modelTry{at: now, of: a})
		}
	}
	return admission
}

func (m *attemptModel) end(a store.Attempt, until time.Time) {
	device, account, network := modelKeys(a)
	if _, known := m.known[a]; !known {
		for range m.tries[device] {
			for _, key := range []string{account, network} {
				m.takeOff(key, a)
			}
		}
	}
	m.tries[device] = nil
	m.known[a] = until
}

// takeOff takes the last try of a device that is in a count off it.
func (m *attemptModel) takeOff(key string, a store.Attempt) {
	tries := m.tries[key]
	for i := len(tries) - 1; i >= 0; i-- {
		if tries[i].of == a && !tries[i].right {
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
	l := store.AttemptLimits{Device: limit(), Account: limit(), Network: limit()}
	m := &attemptModel{tries: make(map[string][]modelTry), known: make(map[store.Attempt]time.Time)}
	for step := range 300 {
		a := attempt("account-"+strconv.Itoa(rnd.IntN(3)), "net-"+strconv.Itoa(rnd.IntN(3)))
		// A millisecond at least: of two tries at one instant it does not matter
		// which was the last.
		e.Clock.Advance([]time.Duration{1, 1, 300, 1000, 2500, 8000, 45_000}[rnd.IntN(7)] * time.Millisecond)
		now := e.Clock.Now()
		if got, want := try(ctx, t, e, a, l), m.begin(a, l, now); got != want {
			t.Fatalf("step %d: got %+v, want %+v with limits %+v", step, got, want, l)
		} else if got.Wait > 0 {
			continue
		}
		if rnd.IntN(3) == 0 {
			life := time.Duration(1+rnd.IntN(60)) * time.Second
			endAttempt(ctx, t, e, a, life)
			m.end(a, now.Add(life))
		}
	}
}
