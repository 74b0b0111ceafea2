package watch

import "github.com/waystone-mmo/waystone/internal/store"

// unseen are the transactions that were told and of which no confirmation has
// shown yet that others can see them, in the order told.
type unseen struct {
	list []told
	max  int // transactions kept one by one
}

type told struct {
	xid uint64
	// first is the number of its first event.
	first uint64
	// many: it changed any number of rows, and watchers are to check anew once it
	// is visible.
	many bool
	// through: it stands for others too, with xid as the highest of them.
	through bool
}

func (t told) seenBy(at store.Snapshot) bool {
	if t.through {
		return at.Xmin > t.xid
	}
	return at.Sees(t.xid)
}

// add notes a change of a transaction, told as event seq or, with many, as none.
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

// collapse makes one of all, which counts as visible once everything up to the
// highest of them has ended: later than need be, never too early.
func (u *unseen) collapse() {
	one := told{first: u.list[0].first, through: true}
	for _, t := range u.list {
		one.xid, one.many = max(one.xid, t.xid), one.many || t.many
	}
	u.list = append(u.list[:0], one)
}

// confirm takes out what a snapshot sees, and reports whether any of it sends
// watchers to check anew.
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

// settled is the number of the last event such that it and all before it are
// visible, head being the last of all.
func (u *unseen) settled(head uint64) uint64 {
	if len(u.list) == 0 {
		return head
	}
	return min(head, u.list[0].first-1)
}
