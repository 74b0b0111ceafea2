package bot

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Bounds on what a swarm remembers.
const (
	maxFailures = 10
	maxSamples  = 10_000
)

// Summary is what a swarm did.
type Summary struct {
	Bots     int // that were to play
	Entered  int // that came into a zone
	Finished int // that logged out in good order
	Failed   int
	Moves    uint64 // that the server sent
	Texts    uint64 // said, and heard by their speaker
	Heard    uint64 // texts received by all bots together
	MostSeen int    // most entities in sight of one bot when it left
	Took     time.Duration
	SignIn   Times    // from the first connection into the zone
	Answer   Times    // from a move or a text to the server's word of it
	Failures []string // the first ten
}

// Times are quantiles of how long something took.
type Times struct {
	P50, P99, Max time.Duration
}

// String returns the times in a line.
func (t Times) String() string {
	return fmt.Sprintf("p50 %v, p99 %v, max %v", t.P50.Round(time.Microsecond), t.P99.Round(time.Microsecond), t.Max.Round(time.Microsecond))
}

// Lines returns the summary for people.
func (s Summary) Lines() []string {
	lines := []string{
		fmt.Sprintf("%d bots: %d entered, %d logged out in good order, %d failed, in %.1f s",
			s.Bots, s.Entered, s.Finished, s.Failed, s.Took.Seconds()),
		fmt.Sprintf("%d walks and %d texts confirmed, %d texts heard, up to %d in sight", s.Moves, s.Texts, s.Heard, s.MostSeen),
		"sign-in: " + s.SignIn.String(),
		"answer: " + s.Answer.String(),
	}
	for _, f := range s.Failures {
		lines = append(lines, "FAILED "+f)
	}
	return lines
}

// tally counts for all bots of a swarm.
type tally struct {
	mu             sync.Mutex
	sum            Summary
	inZone         int
	signIn, answer samples
}

func newTally(bots int) *tally { return &tally{sum: Summary{Bots: bots}} }

func (t *tally) entered(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Entered++
	t.inZone++
	t.signIn.add(took)
}

// left takes over what a bot has seen and heard.
func (t *tally) left(b *Bot) {
	var seen int
	var heard uint64
	b.Look(func(v View) { seen, heard = len(v.InSight()), v.Texts() })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inZone--
	t.sum.MostSeen = max(t.sum.MostSeen, seen)
	t.sum.Heard += heard
}

func (t *tally) moved(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Moves++
	t.answer.add(took)
}

func (t *tally) said(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Texts++
	t.answer.add(took)
}

func (t *tally) ended(bot int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.sum.Finished++
		return
	}
	t.sum.Failed++
	if len(t.sum.Failures) < maxFailures {
		t.sum.Failures = append(t.sum.Failures, fmt.Sprintf("%s: %v", who(bot), err))
	}
}

func (t *tally) line(since time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%.0f s: %d of %d in a zone, %d finished, %d failed, %d walks, %d texts",
		since.Seconds(), t.inZone, t.sum.Bots, t.sum.Finished, t.sum.Failed, t.sum.Moves, t.sum.Texts)
}

func (t *tally) summary(took time.Duration) Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sum
	s.Took, s.SignIn, s.Answer = took, t.signIn.times(), t.answer.times()
	return s
}

// samples keeps a fair choice of at most maxSamples durations, and the longest
// of all.
type samples struct {
	seen int
	list []time.Duration
	max  time.Duration
}

func (s *samples) add(d time.Duration) {
	s.seen++
	s.max = max(s.max, d)
	if len(s.list) < maxSamples {
		s.list = append(s.list, d)
	} else if i := rand.IntN(s.seen); i < maxSamples { //nolint:gosec // a sample of measurements
		s.list[i] = d
	}
}

func (s *samples) times() Times {
	if len(s.list) == 0 {
		return Times{}
	}
	sorted := slices.Sorted(slices.Values(s.list))
	at := func(percent int) time.Duration { return sorted[(len(sorted)-1)*percent/100] }
	return Times{P50: at(50), P99: at(99), Max: s.max}
}
