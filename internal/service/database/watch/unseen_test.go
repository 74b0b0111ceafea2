package watch

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

// TestTooManyUnseenAreOne: a confirmation that does not come for long costs a
// bounded amount of memory, and nothing counts as visible too early.
func TestTooManyUnseenAreOne(t *testing.T) {
	t.Parallel()
	u := unseen{max: 4}
	u.add(10, 1, true)
	for i := range uint64(20) {
		u.add(20-i, 2+i, false)
		if len(u.list) > 4 {
			t.Fatalf("%d transactions are kept, want at most 4", len(u.list))
		}
	}
	const head = 21
	for _, c := range []struct {
		at      store.Snapshot
		many    bool
		settled uint64
	}{
		{store.Snapshot{}, false, 0},
		{store.Snapshot{Xmin: 10, Xmax: 21, Xip: []uint64{10}}, false, 0},           // all but the first
		{store.Snapshot{Xmin: 20, Xmax: 30, Xip: []uint64{20}}, false, 0},           // all but the highest
		{store.Snapshot{Xmin: 21, Xmax: 30, Xip: []uint64{21}}, true, head},         // all
		{store.Snapshot{Xmin: 22, Xmax: 30, Xip: []uint64{22, 25, 29}}, true, head}, // more
	} {
		v := unseen{list: append([]told(nil), u.list...), max: u.max}
		if many, settled := v.confirm(c.at), v.settled(head); many != c.many || settled != c.settled {
			t.Errorf("%v: many %v, settled %d; want %v, %d", c.at, many, settled, c.many, c.settled)
		}
	}
}

func TestOneTransactionIsOneUnseen(t *testing.T) {
	t.Parallel()
	u := unseen{max: 4}
	u.add(7, 1, false)
	u.add(7, 2, true)
	u.add(7, 3, false)
	if len(u.list) != 1 || u.settled(3) != 0 {
		t.Errorf("%+v", u.list)
	}
	if !u.confirm(store.Snapshot{Xmin: 8, Xmax: 8}) || u.settled(3) != 3 {
		t.Errorf("visible, and left: %+v", u.list)
	}
}
