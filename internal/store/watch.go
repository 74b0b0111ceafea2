package store

import (
	"context"
	"time"
)

// EventKind says what happened to a session or a user.
type EventKind uint8

// The kinds, numbered as on the wire.
const (
	// SessionChanged: created or changed, and not over.
	SessionChanged EventKind = iota + 1
	// SessionExpired: changed so that it is over.
	SessionExpired
	// SessionRevoked: deleted.
	SessionRevoked
	// UserChanged: created or changed, and none of the following.
	UserChanged
	// UserBanned: changed, and banned now.
	UserBanned
	// UserUnbanned: changed, not banned now, and known to have been banned
	// before.
	UserUnbanned
	// UserDeleted: deleted.
	UserDeleted
	// PasswordChanged: the row that holds, or may have held, a user's password
	// was changed or deleted.
	PasswordChanged
	// PlayClosing: a newer sign-in of the user waits for the end of the user's
	// play record. Each time the sign-in asks, the replica that it asks sends this
	// event. RenewPlays says which record has to end.
	PlayClosing
)

// Event is a change of a session or a user, with the values that the row has
// now. It never contains a secret. When a session or a ban ends by its time,
// there is no event: the holder knows ExpiresAt and BanExpiresAt.
type Event struct {
	Kind EventKind
	// SessionID of the session; "" in events of users and passwords.
	SessionID string
	// UserID of the user; "" if only a deleted row is known.
	UserID string
	// Banned and BanExpiresAt (zero for a ban without end) as the row says, in
	// events of users.
	Banned       bool
	BanExpiresAt time.Time
	// ExpiresAt is the end of the session in SessionChanged and SessionExpired.
	ExpiresAt time.Time
}

// Watcher reports what happens to sessions and users.
type Watcher interface {
	// Watch calls h until ctx ends, and returns the error of ctx. It reconnects
	// automatically, to any replica, and misses nothing: either the events go
	// on where they were, or h is told to check everything it holds.
	Watch(ctx context.Context, h WatchHandler) error
}

// WatchHandler is called by a Watcher, one call after the other. A call that
// takes seconds makes the watch fall behind, which leads to a Resync.
type WatchHandler interface {
	// Resync says that changes may have been missed: h has to check everything
	// it holds with a CheckSessions that begins after this call. What happens
	// from then on is reported, and what happened shortly before may be reported
	// again. Nothing is reported before the first Resync. After an error the
	// watch begins again, with a Resync.
	Resync(ctx context.Context) error
	// Events reports changes in the order of their commits. Use the values of
	// the events: a check may not see these changes yet.
	Events(events []Event)
	// Interrupted says that no changes are received until the next call of
	// Resync or Resumed. The cause is for the log.
	Interrupted(cause error)
	// Resumed says that the watch is back and that nothing was missed.
	Resumed()
}
