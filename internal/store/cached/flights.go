package cached

import (
	"sync"

	"github.com/waystone-mmo/waystone/internal/utils/workers"
)

// loaders is how many goroutines wait for loads.
const loaders = 64

// flights are the running loads, each in a goroutine of its own. A load that
// others may join has a name.
type flights struct {
	workers *workers.Pool
	mu      sync.Mutex
	named   map[flightName]*flight
}

// flightName decides which readers share a load.
type flightName struct {
	way   way
	key   string
	floor uint64 // number of the last eviction before the load: nobody joins a load that began before it
	// span is 0 while the feed reports changes. While it does not, readers
	// share a load only within the same span of time.
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
