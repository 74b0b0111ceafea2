package cached

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// stripes is the number of locks that keys share. Two keys in one stripe
	// sometimes cause an additional load, never a wrong answer.
	stripes = 4096
	// MaxMarks bounds the changes that are remembered, about 32 bytes each. If
	// there are more, whole transactions are remembered instead: then no value is
	// used that was read before them.
	MaxMarks = 1 << 17
	// moments is how many snapshots a TTL is divided into: what is older than the
	// TTL is forgotten with that precision.
	moments = 16
)

// guard decides which values may be kept and used, from what the feed reports
// and what this process writes. It compares two orders:
//
//   - one counter for what happens in this process: a load, an eviction and a
//     caller each take a number when they begin;
//   - snapshots and transaction ids for what comes from elsewhere.
type guard struct {
	ttl   time.Duration
	start time.Time // of the clock below: nanoseconds since
	seed  maphash.Seed

	counter atomic.Uint64
	until   atomic.Int64  // cached values may be used before this time
	told    atomic.Int64  // every commit before this time has been reported
	reset   atomic.Uint64 // number of the last Reset; what began before is void
	rules   atomic.Pointer[rules]
	marks   atomic.Int64 // remembered in all stripes
	stripes [stripes]stripe
	absent  [store.TableCharacter + 1]absence
	owners  [stripes]atomic.Uint64 // number of the last change of a user among those that share one

	mu      sync.Mutex // serialises the feed
	newest  store.Snapshot
	history []moment // oldest first
}

// rules hold for every value.
type rules struct {
	origin string         // of the transaction ids; begins the keys of shared values
	floor  store.Snapshot // to be covered
	xids   []uint64       // to be seen
}

// moment is a snapshot and when it was asked for.
type moment struct {
	at       int64
	snapshot store.Snapshot
}

// stripe is written under its lock; evicted and marks are read without it.
type stripe struct {
	mu      sync.Mutex
	landed  uint64        // number of the newest load that was kept
	evicted atomic.Uint64 // number of the last eviction
	marks   atomic.Pointer[[]mark]
}

// mark is a condition on the values of one key: that they see a transaction,
// or, without xid, that the feed has passed the instant of a write of ours. A
// row is changed by one transaction after the other, so its last mark implies
// those before.
type mark struct {
	hash uint64
	xid  uint64
	at   int64
}

// absence is the condition for keeping that a row does not exist: nothing may
// have appeared in its table.
type absence struct {
	appeared atomic.Uint64 // number of the last change that may have made a row
	mu       sync.Mutex
	xids     []uint64 // of those, which may not be visible yet
}

func newGuard(ttl time.Duration) *guard {
	return &guard{ttl: ttl, start: time.Now(), seed: maphash.MakeSeed()}
}

// clock returns the real time that feed and cache use, in nanoseconds since
// start.
func (g *guard) clock() int64 { return int64(time.Since(g.start)) }

// next returns a number higher than all before.
func (g *guard) next() uint64 { return g.counter.Add(1) }

// open reports whether cached values may be used now.
func (g *guard) open() bool { return g.clock() < g.until.Load() }

func (g *guard) hash(key string) uint64     { return maphash.String(g.seed, key) }
func (g *guard) stripe(hash uint64) *stripe { return &g.stripes[hash%stripes] }
func (g *guard) evicted(key string) uint64  { return g.stripe(g.hash(key)).evicted.Load() }
func (g *guard) current(begun uint64) bool  { return begun >= g.reset.Load() }

// list returns the marks, which must not be changed.
func (st *stripe) list() []mark {
	if p := st.marks.Load(); p != nil {
		return *p
	}
	return nil
}

// floor returns the number that a load of keys must not have begun before.
func (g *guard) floor(keys ...string) uint64 {
	floor := g.reset.Load()
	for _, key := range keys {
		floor = max(floor, g.evicted(key))
	}
	return floor
}

// sees reports whether a value of a key is as new as everything that is known
// of the key. own means that the value comes from a load in this process: then
// evictions tell whether it is older than our own writes.
func (g *guard) sees(r *rules, hash uint64, snapshot store.Snapshot, own bool) bool {
	if r == nil || !snapshot.Covers(r.floor) {
		return false
	}
	for _, xid := range r.xids {
		if !snapshot.Sees(xid) {
			return false
		}
	}
	for _, m := range g.stripe(hash).list() {
		switch {
		case m.hash != hash:
		case m.xid != 0:
			if !snapshot.Sees(m.xid) {
				return false
			}
		case !own && m.at >= g.told.Load():
			return false
		}
	}
	return true
}

// land keeps a value by put, unless it is older than what is known of its key
// or than the kept value. It holds the stripe meanwhile: an eviction comes
// either before, then put does not run, or after, then it removes the value
// again.
func (g *guard) land(key string, begun uint64, snapshot store.Snapshot, own bool, put func()) bool {
	hash := g.hash(key)
	st := g.stripe(hash)
	st.mu.Lock()
	defer st.mu.Unlock()
	if begun < st.evicted.Load() || begun < st.landed || !g.sees(g.rules.Load(), hash, snapshot, own) {
		return false
	}
	st.landed = begun
	put()
	return true
}

// landAbsent keeps by put that a row of a table does not exist.
func (g *guard) landAbsent(table store.Table, key string, begun uint64, snapshot store.Snapshot, put func()) bool {
	a := &g.absent[table]
	a.mu.Lock()
	defer a.mu.Unlock()
	if begun < a.appeared.Load() || slices.ContainsFunc(a.xids, func(xid uint64) bool { return !snapshot.Sees(xid) }) {
		return false
	}
	return g.land(key, begun, snapshot, true, put)
}

// stillAbsent reports whether nothing has appeared in a table since a load.
func (g *guard) stillAbsent(table store.Table, begun uint64) bool {
	return begun >= g.absent[table].appeared.Load()
}

// evict makes the loads of a key that have already begun unusable, and removes
// the key by drop. A mark with neither xid nor time is not kept.
func (g *guard) evict(key string, m mark, replace bool, drop func()) {
	hash := g.hash(key)
	st := g.stripe(hash)
	st.mu.Lock()
	defer st.mu.Unlock()
	// Taken under the lock: evictions of a stripe must not overtake each other.
	st.evicted.Store(g.next())
	if m.xid != 0 || m.at != 0 {
		m.hash = hash
		g.remember(st, m, replace)
	}
	drop()
}

// remember adds a mark to a stripe. If replace is set, the mark is of one row,
// and replaces the same key's other marks of its kind.
func (g *guard) remember(st *stripe, m mark, replace bool) {
	old := st.list()
	marks := make([]mark, 0, len(old)+1)
	for _, o := range old {
		sameKind := o.hash == m.hash && (o.xid == 0) == (m.xid == 0)
		if !sameKind || !replace && o.xid != m.xid {
			marks = append(marks, o)
		}
	}
	marks = append(marks, m)
	g.marks.Add(int64(len(marks) - len(old)))
	st.marks.Store(&marks)
}

// owner returns where the last change of a user is noted. After a change the
// user may be another person.
func (g *guard) owner(userID string) *atomic.Uint64 {
	return &g.owners[g.hash(userKey(userID))%stripes]
}

// replace notes a change of a user. The key of the user has its mark already.
func (g *guard) replace(userID string) { g.owner(userID).Store(g.next()) }

// appear notes that a transaction may have made rows of a table.
func (g *guard) appear(table store.Table, xid uint64) {
	a := &g.absent[table]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.appeared.Store(g.next())
	if xid != 0 && !slices.Contains(a.xids, xid) {
		a.xids = append(a.xids, xid)
	}
}

// restart is called when the feed has connected. Nothing that began before is
// used again, and the cache is closed until the first confirmation.
func (g *guard) restart(origin string, at store.Snapshot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until.Store(0)
	g.newest = at
	g.history = append(g.history[:0], moment{g.clock(), at})
	g.rules.Store(&rules{origin: origin, floor: at})
	g.reset.Store(g.next())
	for i := range g.absent {
		g.absent[i].appeared.Store(g.next())
	}
	g.forget()
}

// require demands from here on that every value sees a transaction. Loads that
// began before are void.
func (g *guard) require(xid uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.rules.Load(); r != nil && xid != 0 && !slices.Contains(r.xids, xid) {
		g.rules.Store(&rules{origin: r.origin, floor: r.floor, xids: append(slices.Clone(r.xids), xid)})
	}
	g.reset.Store(g.next())
}

// confirm opens the cache until the lease ends, counted from when the feed was
// asked, and moves the floor up.
func (g *guard) confirm(asked time.Time, lease time.Duration, at store.Snapshot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.history) == 0 {
		return // nothing has been begun
	}
	since := int64(asked.Sub(g.start))
	g.told.Store(max(g.told.Load(), since))
	g.newest = at
	for i := range g.absent {
		a := &g.absent[i]
		a.mu.Lock()
		a.xids = slices.DeleteFunc(a.xids, at.Sees)
		a.mu.Unlock()
	}
	if last := g.history[len(g.history)-1]; since-last.at >= int64(g.ttl)/moments {
		g.history = append(g.history, moment{since, at})
		g.raise()
	}
	if g.marks.Load() > MaxMarks {
		g.overflow()
	}
	g.until.Store(since + int64(lease))
}

// shut closes the cache until the next confirmation.
func (g *guard) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until.Store(0)
}

// raise sets the floor to the newest snapshot that is older than a TTL. An even
// older value can only come from a process that was delayed.
func (g *guard) raise() {
	old := g.history[len(g.history)-1].at - int64(g.ttl)
	i := 0
	for i+1 < len(g.history) && g.history[i+1].at <= old {
		i++
	}
	if i == 0 {
		return
	}
	g.history = append(g.history[:0], g.history[i:]...)
	g.setFloor(g.history[0].snapshot)
}

// overflow drops the single marks: the floor becomes the newest snapshot, and
// every value must see the transactions that this snapshot does not see yet.
func (g *guard) overflow() {
	g.history = append(g.history[:0], moment{g.history[len(g.history)-1].at, g.newest})
	r := *g.rules.Load()
	for i := range g.stripes {
		for _, m := range g.stripes[i].list() {
			if m.xid != 0 && !g.newest.Sees(m.xid) && !slices.Contains(r.xids, m.xid) {
				r.xids = append(slices.Clone(r.xids), m.xid)
			}
		}
	}
	g.rules.Store(&r)
	g.setFloor(g.newest)
	g.forget()
}

// setFloor raises the floor and forgets what it implies.
func (g *guard) setFloor(floor store.Snapshot) {
	r := g.rules.Load()
	g.rules.Store(&rules{
		origin: r.origin,
		floor:  floor,
		xids:   slices.DeleteFunc(slices.Clone(r.xids), floor.Sees),
	})
	g.forget()
}

// forget drops the marks that the rules imply.
func (g *guard) forget() {
	r, told := g.rules.Load(), g.told.Load()
	for i := range g.stripes {
		st := &g.stripes[i]
		if len(st.list()) == 0 {
			continue
		}
		st.mu.Lock()
		old := st.list()
		kept := slices.DeleteFunc(slices.Clone(old), func(m mark) bool {
			if m.xid == 0 {
				return m.at < told
			}
			return r.floor.Sees(m.xid) || slices.Contains(r.xids, m.xid)
		})
		st.marks.Store(&kept)
		g.marks.Add(int64(len(kept) - len(old)))
		st.mu.Unlock()
	}
}
