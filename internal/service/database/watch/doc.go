// Package watch passes what a feed tells of sessions and users on to any number
// of watchers. The Broker is the feed's follower: it turns changes into events
// and keeps the last of them in a ring. Each Subscription reads the ring at its
// own pace, so that no watcher ever holds up the feed or another.
//
//	ring:   tail ─────────── settled ───────────────── head
//	        oldest kept      visible to a              newest told
//	                         check up to here
//
// A feed may tell a change before others can see it. A watcher that begins at
// the head and then checks its sessions would therefore miss what was told
// before it came and became visible after it had checked. So who begins, or is
// sent to check anew, begins at "settled": behind the last event of which a
// confirmation of the feed has shown that all before it are visible. For the
// same reason a change of any number of rows sends the watchers to check only
// once its transaction is visible.
package watch
