package cached_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// lateCache is a shared cache whose writes arrive when the test says so, in any
// order and any number of times.
type lateCache struct {
	memory

	late   sync.Mutex
	queued []queued
}

type queued struct {
	key  string
	held held
}

func (c *lateCache) SetNewer(_ context.Context, key string, value []byte, _ time.Duration) error {
	rank, err := rankOf(value)
	if err != nil {
		return err
	}
	c.late.Lock()
	defer c.late.Unlock()
	c.queued = append(c.queued, queued{key, held{slices.Clone(value), rank}})
	return nil
}

// node is a replica in the model, and what of the truth it must know.
type node struct {
	bench
	events []store.Change // told by the engine, not yet by the feed
	open   bool
	must   map[string]int64 // by key, the version it must not be behind
	holds  []*heldRead
}

// heldRead is a read whose load has its answer and is held with it.
type heldRead struct {
	gate *faultstore.Gate
	done chan struct{}
}

// world is the model: two users and two characters with versions that only go
// up, written by a website and by both replicas.
type world struct {
	t       *rapid.T
	rows    *rows
	cache   *lateCache
	nodes   []*node
	version map[string]int64    // what can be seen
	pending map[string]pendingW // begun, not visible
}

type pendingW struct {
	xid     uint64
	version int64
}

func (w *world) key(t *rapid.T) string {
	return rapid.SampledFrom([]string{"u1", "u2", "1", "2"}).Draw(t, "key")
}

func (w *world) node(t *rapid.T) *node { return w.nodes[rapid.IntRange(0, 1).Draw(t, "replica")] }

func put(key string, version int64) func(*rows) {
	return func(r *rows) {
		switch key {
		case "u1", "u2":
			r.users[key] = store.User{ID: key, Username: "name-" + key, Name: strconv.FormatInt(version, 10)}
		default:
			id, _ := strconv.Atoi(key)
			cid := store.CharacterID(id) //nolint:gosec // 1 or 2
			r.characters[cid] = store.Character{ID: cid, UserID: "u1", Slot: uint8(id), Version: version}
		}
	}
}

func change(key string, xid uint64) store.Change {
	table := store.TableUser
	if key == "1" || key == "2" {
		table = store.TableCharacter
	}
	return store.Change{Table: table, Op: store.OpUpdate, Xid: xid, ID: key, UserID: "u1"}
}

// queue has the feed know of a change, at every replica.
func (w *world) queue(key string, xid uint64) {
	for _, n := range w.nodes {
		n.events = append(n.events, change(key, xid))
	}
}

func (w *world) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": func(*rapid.T) {},
		"the website writes": func(t *rapid.T) {
			key := w.key(t)
			if _, ok := w.pending[key]; ok {
				t.Skip("a row has one writer at a time")
			}
			w.version[key]++
			w.queue(key, w.rows.edit(put(key, w.version[key])))
		},
		"a commit is told and waits": func(t *rapid.T) {
			key := w.key(t)
			if _, ok := w.pending[key]; ok {
				t.Skip("a row has one writer at a time")
			}
			v := w.version[key] + 1
			xid := w.rows.begin(put(key, v))
			w.pending[key] = pendingW{xid, v}
			w.queue(key, xid)
		},
		"it becomes visible": func(t *rapid.T) {
			key := w.key(t)
			p, ok := w.pending[key]
			if !ok {
				t.Skip("nothing waits")
			}
			w.rows.show(p.xid)
			w.version[key] = p.version
			delete(w.pending, key)
		},
		"a replica writes": func(t *rapid.T) {
			key := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "character")
			if _, ok := w.pending[key]; ok {
				t.Skip("a row has one writer at a time")
			}
			n := w.node(t)
			id, _ := strconv.Atoi(key)
			if _, err := n.SaveCharacters(context.Background(), []store.CharacterSave{{ID: store.CharacterID(id), Key: "k"}}); err != nil { //nolint:gosec // 1 or 2
				t.Fatal(err)
			}
			w.version[key]++
			w.queue(key, w.rows.next-1)
			n.must[key] = w.version[key]
		},
		"the feed tells": func(t *rapid.T) {
			n := w.node(t)
			if len(n.events) == 0 || !n.open {
				t.Skip("nothing to tell")
			}
			k := rapid.IntRange(1, len(n.events)).Draw(t, "changes")
			n.Changed(n.events[:k])
			n.events = n.events[k:]
		},
		"the feed is confirmed": func(t *rapid.T) {
			n := w.node(t)
			if !n.open {
				t.Skip("it is lost")
			}
			n.Changed(n.events)
			n.events = nil
			n.confirm()
			for key, v := range w.version {
				n.must[key] = v
			}
		},
		"the feed is lost": func(t *rapid.T) {
			n := w.node(t)
			n.Lost(errors.New("as drawn"))
			n.open = false
			n.events = nil
		},
		"the feed is back": func(t *rapid.T) {
			n := w.node(t)
			n.events = nil
			for key, p := range w.pending { // told from here on, or early
				n.events = append(n.events, change(key, p.xid))
			}
			n.connect()
			n.open = true
			for key, v := range w.version {
				n.must[key] = v
			}
		},
		"a read": func(t *rapid.T) { w.read(t, w.node(t), w.key(t), rapid.Bool().Draw(t, "fresh")) },
		"a load is held": func(t *rapid.T) {
			n, key := w.node(t), w.key(t)
			if len(n.holds) > 2 {
				t.Skip("enough are held")
			}
			method := faultstore.ReadUser
			if key == "1" || key == "2" {
				method = faultstore.ReadCharacter
			}
			h := &heldRead{gate: faultstore.NewGate(), done: make(chan struct{})}
			n.faults.On(method, faultstore.Times(1, h.gate.After))
			go func() {
				defer close(h.done)
				_, _ = readVersion(context.Background(), n, key, store.Fresh)
			}()
			<-h.gate.Arrived
			n.faults.Off(method)
			n.holds = append(n.holds, h)
		},
		"a held load goes on": func(t *rapid.T) {
			n := w.node(t)
			if len(n.holds) == 0 {
				t.Skip("none is held")
			}
			n.release(rapid.IntRange(0, len(n.holds)-1).Draw(t, "load"))
		},
		"the shared cache gets a value": func(t *rapid.T) {
			w.cache.late.Lock()
			defer w.cache.late.Unlock()
			if len(w.cache.queued) == 0 {
				t.Skip("none is on its way")
			}
			// It stays queued: it may come again, long after.
			q := rapid.SampledFrom(w.cache.queued).Draw(t, "value")
			w.cache.with(func(m *memory) {
				if rapid.Bool().Draw(t, "in spite of its rank") || m.values[q.key].rank <= q.held.rank {
					m.values[q.key] = q.held
				}
			})
		},
		"the shared cache is flushed": func(*rapid.T) {
			w.cache.with(func(m *memory) { clear(m.values) })
		},
	}
}

func (n *node) release(i int) {
	h := n.holds[i]
	n.holds = slices.Delete(n.holds, i, i+1)
	h.gate.Open()
	<-h.done
}

func readVersion(ctx context.Context, n *node, key string, c store.Consistency) (int64, error) {
	if key == "1" || key == "2" {
		id, _ := strconv.Atoi(key)
		ch, err := n.GetCharacter(ctx, store.CharacterID(id), c) //nolint:gosec // 1 or 2
		if err != nil {
			return 0, err
		}
		return ch.Version, nil
	}
	u, err := n.GetUserByUsername(ctx, "name-"+key, c)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(u.Name, 10, 64)
}

// read holds an answer against the rules of the contract.
func (w *world) read(t *rapid.T, n *node, key string, isFresh bool) {
	c, least := store.Cached, n.must[key]
	if isFresh {
		c = store.Fresh
	}
	if isFresh || !n.open {
		least = w.version[key]
	}
	v, err := readVersion(context.Background(), n, key, c)
	if err != nil {
		t.Fatal(err)
	}
	if v < least || v > w.version[key] {
		t.Fatalf("read of %s got version %d, want from %d to %d", key, v, least, w.version[key])
	}
}

// Whatever the order of commits, events, loads and cache writes: an answer is
// no older than the feed's last confirmation and than the replica's own writes.
func TestNoOrderOfEventsGivesAnOldAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := bench{clock: &clock{now: time.Now()}}
		w := &world{
			t: rt, cache: &lateCache{memory: memory{values: map[string]held{}}},
			version: map[string]int64{}, pending: map[string]pendingW{},
		}
		w.rows = newRows(b.clock.Now)
		b.rows, b.cache = w.rows, &w.cache.memory
		for _, key := range []string{"u1", "u2", "1", "2"} {
			w.version[key] = 1
			put(key, 1)(w.rows)
		}
		near := rapid.SampledFrom([]uint64{0, nearBytes}).Draw(rt, "near")
		for range 2 {
			n := &node{must: map[string]int64{}, open: true}
			n.bench = b.replica(t, func(c *cached.Config) { c.Cache, c.NearBytes, c.Recent = w.cache, near, time.Nanosecond })
			w.nodes = append(w.nodes, n)
		}
		defer func() {
			for _, n := range w.nodes {
				for len(n.holds) > 0 {
					n.release(0)
				}
				_ = n.Close()
			}
		}()
		rt.Repeat(w.actions())
	})
}
