// Package fakefeed stands in for an engine's feed of changes: the test says
// what is committed, when it is told and when it is visible.
package fakefeed

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Feed is a store.Feed with a script. Every call returns when the follower has
// been told. The zero Feed is not ready; use New.
type Feed struct {
	mu       sync.Mutex
	follower store.Follower
	once     sync.Once
	follows  chan struct{} // closed by the first follower
	tip      *Tip
}

var _ store.Feed = (*Feed)(nil)

// Tip is the state of a database that several feeds may follow: which
// transactions were begun, and which of them others can see.
type Tip struct {
	mu   sync.Mutex
	last uint64
	dark map[uint64]bool // told, perhaps, and not yet visible
}

// NewTip returns a database without transactions.
func NewTip() *Tip { return &Tip{last: 100, dark: map[uint64]bool{}} }

// Begin returns the number of a new transaction, which nobody sees yet.
func (d *Tip) Begin() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	d.dark[d.last] = true
	return d.last
}

// Show makes a transaction visible.
func (d *Tip) Show(xid uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.dark, xid)
}

// Snapshot is what a statement would see now.
func (d *Tip) Snapshot() store.Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := store.Snapshot{Xmin: d.last + 1, Xmax: d.last + 1}
	if len(d.dark) > 0 {
		s.Xip = slices.Sorted(maps.Keys(d.dark))
		s.Xmin = s.Xip[0]
	}
	return s
}

// New returns a feed of a database; with nil, of one of its own.
func New(tip *Tip) *Feed {
	if tip == nil {
		tip = NewTip()
	}
	return &Feed{tip: tip, follows: make(chan struct{})}
}

// Follow implements store.Feed. Nothing is told before Connect.
func (f *Feed) Follow(ctx context.Context, follower store.Follower) error {
	f.Attach(follower)
	<-ctx.Done()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follower = nil
	return nil
}

// Attach is Follow for a test without goroutines.
func (f *Feed) Attach(follower store.Follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follower = follower
	f.once.Do(func() { close(f.follows) })
}

// to waits for the first follower, and calls the one that is there now; after
// Follow has ended there is none.
func (f *Feed) to(call func(store.Follower)) {
	<-f.follows
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.follower != nil {
		call(f.follower)
	}
}

// Connect begins a connection: what is visible now will not be told.
func (f *Feed) Connect() {
	f.to(func(to store.Follower) { to.Reset("fakefeed", f.tip.Snapshot()) })
}

// Commit makes changes in one transaction, visible at once, and tells them.
// It returns the transaction's number.
func (f *Feed) Commit(changes ...store.Change) uint64 {
	xid := f.tip.Begin()
	f.tip.Show(xid)
	f.Tell(xid, changes...)
	return xid
}

// CommitDark makes changes in one transaction and tells them before others can
// see them; show makes them visible.
func (f *Feed) CommitDark(changes ...store.Change) (show func()) {
	xid := f.tip.Begin()
	f.Tell(xid, changes...)
	return func() { f.tip.Show(xid) }
}

// Tell tells changes of a transaction. With xid 0 they are those of an engine
// without transactions' numbers.
func (f *Feed) Tell(xid uint64, changes ...store.Change) {
	told := make([]store.Change, len(changes))
	for i, c := range changes {
		c.Xid = xid
		told[i] = c
	}
	f.to(func(to store.Follower) { to.Changed(told) })
}

// Confirm says that everything so far has been told.
func (f *Feed) Confirm() { f.ConfirmAsked(time.Now()) }

// ConfirmEvery confirms at intervals, as a feed that is well does, until it is
// stopped.
func (f *Feed) ConfirmEvery(every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				f.Confirm()
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// ConfirmAsked says so of everything before an instant.
func (f *Feed) ConfirmAsked(asked time.Time) {
	f.to(func(to store.Follower) { to.Confirmed(asked, f.tip.Snapshot()) })
}

// Lose ends the connection.
func (f *Feed) Lose(cause error) {
	f.to(func(to store.Follower) { to.Lost(cause) })
}
