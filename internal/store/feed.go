package store

import (
	"context"
	"time"
)

// Reader is for a cache in front of an engine. It returns the rows that the
// reads of the contract need, unchanged, with the snapshot that the same
// statement saw. Expired sessions and banned users are returned too. If there
// is no row, the error is that of the contract, and the snapshot is one that
// did not see a row.
type Reader interface {
	ReadUser(ctx context.Context, by UserKey, value string) (*User, Snapshot, error)
	ReadSession(ctx context.Context, token string) (*Session, *User, Snapshot, error)
	ReadCharacter(ctx context.Context, id CharacterID) (*Character, Snapshot, error)
	// ReadCharacters returns all of a user's characters, marked ones included,
	// in slot order.
	ReadCharacters(ctx context.Context, userID string) ([]*Character, Snapshot, error)
}

// Engine is a store that can be behind a cache.
type Engine interface {
	Store
	Reader
}

// UserKey is a way to name a user.
type UserKey uint8

// The ways to name a user.
const (
	ByID       UserKey = iota
	ByUsername         // see NameCase
	ByEmail            // in any case
)

// Table is a table whose changes a feed reports.
type Table uint8

// The tables.
const (
	TableUser Table = iota + 1
	TableSession
	TableAccount
	TableCharacter
)

// Op is what happened to a row.
type Op uint8

// The operations.
const (
	OpInsert Op = iota + 1
	OpUpdate
	OpDelete
	// OpMany: any number of rows of the table, by TRUNCATE or by a statement
	// that changed more rows than are reported one by one.
	OpMany
)

// Change is one changed row, as a feed reports it. It never contains a secret.
type Change struct {
	Table Table
	Op    Op
	// Xid is the transaction that made the change; 0 from an engine without
	// transaction ids.
	Xid uint64
	// ID of the row; "" with OpMany.
	ID string
	// UserID of the row's owner; of a user its own id; "" if not known, for
	// example for a deleted session with logical replication.
	UserID string
	// Values of the row as it is now, where the table has them and Op is
	// OpInsert or OpUpdate.
	Banned       bool      // user
	BanExpiresAt time.Time // user; zero for a ban without end
	ExpiresAt    time.Time // session
	// WasBanned says whether the user was banned before an update; nil if the feed
	// does not know.
	WasBanned *bool
	// Credential: the account holds, or may have held, a password.
	Credential bool
	// Heard: the feed cannot be sure about the sender of this change; the
	// transaction is visible. Before a play ends, the row has to be read.
	Heard bool
}

// Feed reports every committed change of the tables above, by any program.
type Feed interface {
	// Follow calls f until ctx ends, and connects again if the connection is
	// lost. It returns an error only if it can never work.
	Follow(ctx context.Context, f Follower) error
}

// Follower receives what a feed sees, one call after the other. No call may
// block.
type Follower interface {
	// Reset begins a connection: from here on, everything that at does not see is
	// reported. What was committed before may have been missed. The origin names
	// the history to which transaction ids belong, such as a cluster, its
	// timeline and a database: ids of two origins cannot be compared. Engines
	// without transaction ids give "".
	Reset(origin string, at Snapshot)
	// Changed reports changes in the order of their commits. A change may be
	// reported before it is visible to others.
	Changed(changes []Change)
	// Confirmed says that every change committed before asked has been reported,
	// and that at was taken after asked and sees all of them.
	Confirmed(asked time.Time, at Snapshot)
	// Lost ends the connection. The cause is for the log and the health report.
	Lost(cause error)
}
