package store

import "time"

// Followers is a Follower that passes each call on to several, in the order of
// the list. A cache must come before a follower that makes others read.
type Followers []Follower

var _ Follower = Followers(nil)

// Reset implements Follower.
func (fs Followers) Reset(origin string, at Snapshot) {
	for _, f := range fs {
		f.Reset(origin, at)
	}
}

// Changed implements Follower.
func (fs Followers) Changed(changes []Change) {
	for _, f := range fs {
		f.Changed(changes)
	}
}

// Confirmed implements Follower.
func (fs Followers) Confirmed(asked time.Time, at Snapshot) {
	for _, f := range fs {
		f.Confirmed(asked, at)
	}
}

// Lost implements Follower.
func (fs Followers) Lost(cause error) {
	for _, f := range fs {
		f.Lost(cause)
	}
}
