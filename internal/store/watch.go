package store

import (
	"context"
	"time"
)

// EventKind says what happened to a session or a user.
type EventKind uint8

// The kinds, numbered as on the wire.
const (
	// SessionChanged: made or changed, and not over.
	SessionChanged EventKind = iota + 1
	// SessionExpired: changed so that it is over.
	SessionExpired
	// SessionRevoked: deleted.
	SessionRevoked
	// UserChanged: made or changed, and none of the following.
	UserChanged
	// UserBanned: changed, and banned now.
	UserBanned
	// UserUnbanned: changed, not banned, and known to have been before.
	UserUnbanned
	// UserDeleted: deleted.
	UserDeleted
	// PasswordChanged: the row that holds, or may have held, a user's password
	// was changed or deleted.
	PasswordChanged
	// PlayClosing: a newer sign-in of the user waits for the user's play record to
	// end. It is told with every try of the newcomer, by the replica that the try
	// reached; RenewPlays says which record has to end.
	PlayClosing
)

// Event is a change of a session or a user, with the values that the row has
// now. It never carries a secret. Nothing tells an end that comes by time
// alone: the holder knows ExpiresAt and BanExpiresAt.
type Event struct {
	Kind EventKind
	// SessionID of the session; "" in events of users and passwords.
	SessionID string
	// UserID of the user; "" where a deleted row is all that is known.
	UserID string
	// Banned and BanExpiresAt (zero for a ban without end) as the row says, in
	// events of users.
	Banned       bool
	BanExpiresAt time.Time
	// ExpiresAt is the end of the session in SessionChanged and SessionExpired.
	ExpiresAt time.Time
}

// Watcher tells what happens to sessions and users.
type Watcher interface {
	// Watch tells h until ctx ends, whose error it returns. It connects anew by
	// itself, to whatever replica, and misses nothing: either the events go on
	// where they were, or h is told to check what it holds.
	Watch(ctx context.Context, h WatchHandler) error
}

// WatchHandler is told by a Watcher, one call after the other. A call that
// takes seconds makes the watch fall behind, which costs a Resync.
type WatchHandler interface {
	// Resync says that changes may have been missed: h checks all it holds with
	// CheckSessions, begun after this call. What happens from then on is told,
	// and what happened shortly before may be told again. Nothing is told before
	// the first Resync. After an error the watch begins again, with a Resync.
	Resync(ctx context.Context) error
	// Events tells changes in the order of their commits. Their values count: a
	// check may not see yet what they tell.
	Events(events []Event)
	// Interrupted says that nothing is heard until the next call of Resync or
	// Resumed. The cause is for the log.
	Interrupted(cause error)
	// Resumed says that the watch is back and that nothing was missed.
	Resumed()
}
