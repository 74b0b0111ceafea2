package watch

import "github.com/waystone-mmo/waystone/internal/store"

// unseen are the transactions that were reported but that are not yet known to
// be visible to others, in the order of the reports. A confirmation of the feed
// shows which are visible.
type unseen struct {
	list []told
	max  int // transactions kept one by one
}

type told struct {
	xid uint64
	// first is the number of its first event.
	first uint64
	// many: it changed any number of rows. Watchers have to check everything when
	// it is visible.
	many bool
	// through: it stands for several transactions, of which xid is the highest.
	through bool
}

func (t told) seenBy(at store.Snapshot) bool {
	if t.through {
		return at.Xmin > t.xid
	}
	return at.Sees(t.xid)
}

// add notes a change of a transaction, which was reported as event seq or, with
// many, without an event.
func (u *unseen) add(xid, seq uint64, many bool) {
	if n := len(u.list); n > 0 && u.list[n-1].xid == xid && !u.list[n-1].through {
		u.list[n-1].many = u.list[n-1].many || many
		return
	}
	if len(u.list) >= u.max {
		u.collapse()
	}
	u.list = append(u.list, told{xid: xid, first: seq, many: many})
}

// collapse replaces all by one, which counts as visible when everything up to
// the highest of them has ended: perhaps later than necessary, never too early.
func (u *unseen) collapse() {
	one := told{first: u.list[0].first, through: true}
	for _, t := range u.list {
		one.xid, one.many = max(one.xid, t.xid), one.many || t.many
	}
	u.list = append(u.list[:0], one)
}

// confirm removes the transactions that a snapshot sees. It reports whether
// watchers have to check everything because of one of them.
func (u *unseen) confirm(at store.Snapshot) (many bool) {
	rest := u.list[:0]
	for _, t := range u.list {
		if t.seenBy(at) {
			many = many || t.many
		} else {
			rest = append(rest, t)
		}
	}
	u.list = rest
	return many
}

// settled returns the number of the last event for which this event and all
// before it are visible. head is the last event of all.
func (u *unseen) settled(head uint64) uint64 {
	if len(u.list) == 0 {
		return head
	}
	return min(head, u.list[0].first-1)
}
