package cached

import (
	"sync"

	"github.com/waystone-mmo/waystone/internal/utils/workers"
)

// loaders is how many goroutines wait for loads.
const loaders = 64

// flights are the loads under way, each in a goroutine of its own. Those that
// others may join have a name.
type flights struct {
	workers *workers.Pool
	mu      sync.Mutex
	named   map[flightName]*flight
}

// flightName says who shares a load.
type flightName struct {
	way   way
	key   string
	floor uint64 // number of the eviction that the load comes after: nobody joins one from before it
	// span is 0 while the feed tells of evictions. When it does not, loads are
	// shared by those who come in the same span of time.
	span int64
}

// flight is one load.
type flight struct {
	done   chan struct{}
	result any // once done is closed
}

func newFlights() *flights {
	return &flights{workers: workers.New(loaders), named: map[flightName]*flight{}}
}

// join returns the load of a name, which it starts if there is none.
func (f *flights) join(name flightName, load func() any) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.named[name]; fl != nil {
		return fl
	}
	fl := &flight{done: make(chan struct{})}
	f.named[name] = fl
	f.workers.Go(func() {
		fl.result = load()
		f.mu.Lock()
		delete(f.named, name)
		f.mu.Unlock()
		close(fl.done)
	})
	return fl
}

// start starts a load that nobody joins.
func (f *flights) start(load func() any) *flight {
	fl := &flight{done: make(chan struct{})}
	f.workers.Go(func() {
		fl.result = load()
		close(fl.done)
	})
	return fl
}
