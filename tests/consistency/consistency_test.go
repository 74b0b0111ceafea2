package consistency

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

var (
	length = flag.Duration("length", 0, "how long TestLong runs; 0 leaves it out")
	seed   = flag.Uint64("seed", 0, "seed of TestLong; 0 takes one from the clock")
)

const nearBytes = 64 << 20

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m, testenv.ProxyLeftovers()...)
}

// setting is a way to run the database part.
type setting struct {
	feed postgres.FeedMode
	near uint64
}

// settings are every feed with both levels of the cache and with Redis alone.
func settings() []setting {
	return []setting{
		{postgres.FeedReplication, nearBytes}, {postgres.FeedTriggers, 0},
		{postgres.FeedTriggers, nearBytes}, {postgres.FeedReplication, 0},
	}
}

// TestShort is a run of a few seconds in each setting, with all that can happen.
func TestShort(t *testing.T) {
	for _, s := range settings() {
		t.Run(fmt.Sprintf("%s, %d bytes in the process", s.feed, s.near), func(t *testing.T) {
			r := start(t, config{seed: uint64(time.Now().UnixNano()), length: 6 * time.Second, faults: true, near: s.near, feed: s.feed}) //nolint:gosec // any seed will do
			t.Log(r.summary())
			if len(r.anomalies) > 0 {
				t.Error("the contract was broken")
			}
			for _, m := range []map[string]int{r.reads, r.writes, r.faulted} {
				if len(m) == 0 {
					t.Error("the run did nothing of a kind")
				}
			}
		})
	}
}

// TestItCanFail takes one part of the protection away at a time: the checker
// has to find what is wrong then.
func TestItCanFail(t *testing.T) {
	for _, tt := range []struct {
		name     string
		sabotage sabotage
		near     uint64
	}{
		{"without the check of snapshots", noSnapshots, 0},
		{"without what the feed tells", noFeed, nearBytes},
		{"without evicting what is written", noEviction, nearBytes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, config{
				seed: 1, length: time.Minute, faults: true, near: tt.near, feed: postgres.FeedTriggers, sabotage: tt.sabotage, stopAtAnomaly: true,
			})
			t.Log(r.summary())
			if len(r.anomalies) == 0 {
				t.Error("the checker found nothing in a minute")
			}
		})
	}
}

// TestLong runs for -length, with progress.
func TestLong(t *testing.T) {
	if *length == 0 {
		t.Skip("a long run is asked for with -length; make check-consistency does")
	}
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano()) //nolint:gosec // any seed will do
	}
	for i, setting := range settings() {
		r := start(t, config{
			seed: s + uint64(i), length: *length / 4, faults: true, near: setting.near, feed: setting.feed, //nolint:gosec // a small number
			progress: func(r *run) { _, _ = os.Stderr.WriteString(r.summary()) },
		})
		_, _ = os.Stderr.WriteString("done: " + r.summary())
		if len(r.anomalies) > 0 {
			t.Error("the contract was broken")
		}
	}
}
