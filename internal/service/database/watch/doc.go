// Package watch passes changes of sessions and users from a feed on to any
// number of watchers. The Broker is the feed's follower: it turns changes into
// events and keeps the last of them in a ring. Each Subscription reads the ring
// at its own pace, so a watcher never holds up the feed or another watcher.
//
//	ring:   tail ─────────── settled ───────────────── head
//	        oldest kept      visible to a              newest told
//	                         check up to here
//
// A feed may report a change before others can see it. If a watcher began at
// the head and then checked its sessions, it would miss a change that was
// reported before it came and became visible after its check. Therefore a
// watcher that begins, or is told to check everything again, begins at
// "settled": after the last event for which a confirmation of the feed has
// shown that this event and all before it are visible. For the same reason, if
// any number of rows has changed, watchers are told to check only when the
// transaction is visible.
package watch
