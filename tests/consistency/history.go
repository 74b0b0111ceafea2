package consistency

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// website is who commits without a replica.
const website = -1

// commit is one change of a register: when it was asked for and answered, by
// the clock of the run, and what the register holds from then on.
type commit struct {
	value        string
	began, ended time.Duration // ended is forever while it is not answered
	by           int           // the replica, or website
}

const forever = time.Duration(math.MaxInt64)

// register is the history of one thing that is read and written: commits in
// their order, which its only writer sees to.
type register struct {
	mu      sync.Mutex
	commits []commit
}

// write records a commit around do, which makes it. It is not made by anybody
// else at the same time.
func (r *register) write(clock func() time.Duration, by int, value string, do func() error) error {
	r.mu.Lock()
	r.commits = append(r.commits, commit{value: value, began: clock(), ended: forever, by: by})
	i := len(r.commits) - 1
	r.mu.Unlock()
	err := do()
	if err != nil {
		return err // it may have been made, and may be read
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commits[i].ended = clock()
	return nil
}

// value is what the register holds when nobody writes.
func (r *register) value() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commits[len(r.commits)-1].value
}

// answer is one read of a register.
type answer struct {
	what         string // in messages
	is           func(value string) bool
	shown        string
	began, ended time.Duration
	replica      int
	fresh        bool
}

// judge returns how far the answer was behind, or what is wrong with it. A read
// may see any commit that was asked for before it ended and that no later one
// had replaced: for long enough to be known, where the answer may be old.
func (r *register) judge(a answer) (staleness time.Duration, anomaly string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	best := forever
	for i, c := range r.commits {
		if !a.is(c.value) || c.began > a.ended {
			continue
		}
		old, allowed := r.behind(i, a)
		if allowed {
			best = min(best, old)
		}
	}
	if best != forever {
		return best, ""
	}
	return 0, fmt.Sprintf("%s through replica %d (fresh: %v) at %s..%s gave %s: %s",
		a.what, a.replica, a.fresh, ms(a.began), ms(a.ended), a.shown, r.tail(a))
}

// behind says by how much a read of commit i is behind its successors, and
// whether it may be.
func (r *register) behind(i int, a answer) (old time.Duration, allowed bool) {
	allowed = true
	for _, next := range r.commits[i+1:] {
		if next.ended == forever || next.ended > a.began {
			continue
		}
		since := a.began - next.ended
		old = max(old, since)
		bound := Bound
		if a.fresh || next.by == a.replica {
			bound = 0
		}
		allowed = allowed && since <= bound
	}
	return old, allowed
}

// tail describes the commits around a read.
func (r *register) tail(a answer) string {
	text := "history"
	for i, c := range r.commits {
		if i+6 < len(r.commits) && c.ended < a.began-2*time.Second {
			continue
		}
		if c.began > a.ended {
			break
		}
		end := "?"
		if c.ended != forever {
			end = ms(c.ended)
		}
		text += fmt.Sprintf(" [%s by %d %s..%s]", c.value, c.by, ms(c.began), end)
	}
	return text
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1fms", float64(d.Microseconds())/1000) }
