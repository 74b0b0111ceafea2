package cached

import (
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// begun returns a guard whose feed has begun with a snapshot that sees what is
// below 10.
func begun() (g *guard, at store.Snapshot) {
	g, at = newGuard(time.Minute), store.Snapshot{Xmin: 10, Xmax: 10}
	g.restart("test", at)
	return g, at
}

// TestAWriteIsToldOnceTheFeedWasAskedAfterIt: the answer to a question from before
// it may leave it out, however late that comes.
func TestAWriteIsToldOnceTheFeedWasAskedAfterIt(t *testing.T) {
	t.Parallel()
	g, at := begun()
	const write = 10
	g.evict("key", mark{at: write}, true, func() {})
	for i, c := range []struct {
		asked time.Duration
		sees  bool
	}{{write - 5, false}, {write, false}, {write + 1, true}, {write - 5, true}} {
		g.confirm(g.start.Add(c.asked), time.Hour, at)
		if g.sees(g.rules.Load(), g.hash("key"), at, false) != c.sees {
			t.Errorf("question %d, at %d: a value from elsewhere may be used %v, want %v", i, c.asked, !c.sees, c.sees)
		}
		if !g.sees(g.rules.Load(), g.hash("key"), at, true) {
			t.Errorf("question %d: a load from after the write may not be used", i)
		}
	}
}

// TestEveryChangeOfAListIsRemembered: its rows are changed by transactions that do
// not wait for each other, so that whoever sees the last may not see the first.
func TestEveryChangeOfAListIsRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row   bool // one row is meant: its changes come one after the other
		sees  bool
		marks int64
	}{"list": {false, false, 2}, "row": {true, true, 1}} {
		g, _ := begun()
		for _, xid := range []uint64{10, 11, 11} {
			g.evict("key", mark{xid: xid}, c.row, func() {})
		}
		last := store.Snapshot{Xmin: 10, Xmax: 12, Xip: []uint64{10}} // without the first
		if g.sees(g.rules.Load(), g.hash("key"), last, true) != c.sees {
			t.Errorf("%s: a value that sees the last change alone may be used %v, want %v", name, !c.sees, c.sees)
		}
		if n := g.marks.Load(); n != c.marks {
			t.Errorf("%s: %d marks, want %d", name, n, c.marks)
		}
		if !g.sees(g.rules.Load(), g.hash("key"), store.Snapshot{Xmin: 12, Xmax: 12}, true) {
			t.Errorf("%s: a value that sees both may not be used", name)
		}
	}
}

// TestALoadFromBeforeARowAppearsIsNotKept as that there is none, though it sees
// all transactions that are known.
func TestALoadFromBeforeARowAppearsIsNotKept(t *testing.T) {
	t.Parallel()
	g, at := begun()
	kept := 0
	put := func() { kept++ }
	early := g.next()
	g.appear(store.TableUser, 0) // by a write of ours
	if g.landAbsent(store.TableUser, "key", early, at, put) || kept != 0 {
		t.Error("a load from before is kept")
	}
	if !g.landAbsent(store.TableSession, "other", early, at, put) || kept != 1 {
		t.Error("one of another table is not")
	}
	if !g.landAbsent(store.TableUser, "key", g.next(), at, put) || kept != 2 {
		t.Error("a load from after it is not kept")
	}
}

// TestAnAnswerIsAsOldAsItsOldestPart, whichever that is.
func TestAnAnswerIsAsOldAsItsOldestPart(t *testing.T) {
	t.Parallel()
	n, err := newNear(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.cache.StopAllGoroutines() })
	s := &Store{near: n, guard: newGuard(time.Hour)}
	for oldest, name := range []string{"entry of the token", "session", "user"} {
		parts := [3]*record{}
		for i := range parts {
			parts[i] = &record{kind: kindToken, begun: 7, loaded: 70, ends: int64(2 * time.Hour), ttl: time.Hour, session: &store.Session{}}
		}
		parts[oldest].begun, parts[oldest].loaded, parts[oldest].ends = 5, 50, int64(time.Hour)
		n.set("key", parts[0])
		s.makeWhole("key", parts[0], login{parts[1], parts[2]}, parts[0].wire)
		r, ok := n.cache.GetIfPresent("key")
		if !ok || r == parts[0] {
			t.Fatalf("%s: there is no answer", name)
		}
		if r.begun != 5 || r.loaded != 50 || r.ends != int64(time.Hour) || r.ttl > time.Hour {
			t.Errorf("%s is oldest: begun %d, loaded %d, ends %v in %v; want 5, 50 and 1h", name, r.begun, r.loaded, time.Duration(r.ends), r.ttl)
		}
	}
}

// TestAValueOfAnotherLayoutIsForeign, though it is signed by our key: binaries of
// both may share a Redis.
func TestAValueOfAnotherLayoutIsForeign(t *testing.T) {
	t.Parallel()
	by, err := newSealer(make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	b := userRecord(&store.User{ID: "u1"}).encode(by, "name")
	if foreign(by, "name", b) {
		t.Fatal("a value of ours is foreign")
	}
	for _, other := range []byte{layout - 1, layout + 1} {
		b[layoutAt] = other
		by.seal("name", b)
		if !by.sealed("name", b) || !foreign(by, "name", b) {
			t.Errorf("a value of layout %d is taken for one of %d", other, layout)
		}
	}
}
