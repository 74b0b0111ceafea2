package store

import (
	"context"
	"time"
)

// Reader is what an engine offers to a cache in front of it: the rows behind
// the reads of the contract, as they stand, with the snapshot that the same
// statement saw. Nothing is judged: sessions that are over and users who are
// banned are returned. Where there is no row, the error is the contract's own
// and the snapshot is one that did not see any.
type Reader interface {
	ReadUser(ctx context.Context, by UserKey, value string) (*User, Snapshot, error)
	ReadSession(ctx context.Context, token string) (*Session, *User, Snapshot, error)
	ReadCharacter(ctx context.Context, id CharacterID) (*Character, Snapshot, error)
	// ReadCharacters returns all of a user's characters, marked ones included,
	// in slot order.
	ReadCharacters(ctx context.Context, userID string) ([]*Character, Snapshot, error)
}

// Engine is what can stand behind a cache.
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

// Table is a table whose changes a feed tells.
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
	// that touched more than are told one by one.
	OpMany
)

// Change is one changed row, as a feed tells it. It never carries a secret.
type Change struct {
	Table Table
	Op    Op
	// Xid is the transaction that made the change; 0 from an engine without
	// transaction ids.
	Xid uint64
	// ID of the row; "" with OpMany.
	ID string
	// UserID of the row's owner, of a user its own id; "" when not known, as in
	// the deletion of a session that logical replication tells.
	UserID string
	// Values of the row as it is now, where the table has them and Op is
	// OpInsert or OpUpdate.
	Banned       bool      // user
	BanExpiresAt time.Time // user; zero for a ban without end
	ExpiresAt    time.Time // session
	// WasBanned tells the ban as it was before an update of a user; nil when the feed
	// does not know.
	WasBanned *bool
	// Credential says of an account that it holds, or may have held, a password.
	Credential bool
	// Heard: the feed heard it from somebody who may not be whom he should be,
	// and its transaction is visible. Before a player is put out, the row says
	// whether it is so.
	Heard bool
}

// Feed tells every committed change of the tables above, whoever made it.
type Feed interface {
	// Follow tells f, connecting anew whenever the connection is lost, until ctx
	// ends. It returns an error only when it can never work.
	Follow(ctx context.Context, f Follower) error
}

// Follower is told what a feed sees, one call after the other. None may block.
type Follower interface {
	// Reset begins a connection: whatever at does not see will be told from here
	// on. What was committed before may have been missed. The origin names the
	// history that transaction ids belong to, such as a cluster, its timeline and
	// a database: equal ids of two origins mean nothing to each other. Engines
	// without transaction ids give "".
	Reset(origin string, at Snapshot)
	// Changed tells changes in the order of their commits. A change may be told
	// before it is visible to others.
	Changed(changes []Change)
	// Confirmed says that every change committed before asked has been told, and
	// that at was taken after asked and sees all of them.
	Confirmed(asked time.Time, at Snapshot)
	// Lost ends the connection. The cause is for the log and the health report.
	Lost(cause error)
}
