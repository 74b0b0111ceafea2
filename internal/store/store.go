package store

import (
	"context"
	"time"
)

// Store is everything the database part offers.
type Store interface {
	Users
	Sessions
	Characters
	GameAccounts
	Tickets
	Plays
	Credentials
	SessionWriter
	Attempts
	// Ping reports whether the store can answer now.
	Ping(ctx context.Context) error
	// Close releases the store. Calls in flight may fail.
	Close() error
}

// Consistency says how current the answer to a read has to be.
type Consistency uint8

const (
	// Cached allows an answer from a cache.
	Cached Consistency = iota
	// Fresh reads past every cache and refills it. It does not use the result
	// of a load that began before the call.
	Fresh
)

// Limits that every implementation enforces.
const (
	// MaxCharacters is how many characters a user may have, marked ones
	// included.
	MaxCharacters = 5
	// DeletionGrace is how long a character marked for deletion can be
	// restored.
	DeletionGrace = time.Hour
	// PlayLease is how long a play record stays alive without being renewed.
	PlayLease = 10 * time.Second
	// PlayClosingLimit is how long the holder of a record may take to end it
	// while a newer sign-in waits. Then the newer sign-in takes the record over.
	PlayClosingLimit = 10 * time.Second
	// HandOverLifetime is how long the token of a handover is valid. The play
	// record stays alive at least as long.
	HandOverLifetime = 60 * time.Second
	// PlayReuse is how long after its end a record can be found by the secret
	// with which it was begun. It can be up to a HandOverLifetime longer.
	PlayReuse = time.Minute
	// MaxTicketLifetime bounds how long a ticket is valid.
	MaxTicketLifetime = 180 * time.Second
	// MaxBatch is the largest number of items in one call of CheckSessions,
	// RefreshSessions, SaveCharacters or RenewPlays.
	MaxBatch = 1000
)

// Users reads the website's users.
type Users interface {
	// GetUser returns the user with an id, or ErrUserNotFound.
	GetUser(ctx context.Context, id string, c Consistency) (*User, error)
	// GetUserByUsername returns the user with exactly that name, otherwise the
	// only one whose name differs in case alone (unless the engine's NameCase
	// says otherwise). ErrUserNotFound; ErrNameAmbiguous if there are several.
	GetUserByUsername(ctx context.Context, username string, c Consistency) (*User, error)
	// GetUserByEmail does the same for an e-mail address.
	GetUserByEmail(ctx context.Context, email string, c Consistency) (*User, error)
}

// Sessions reads and prolongs the website's sessions.
type Sessions interface {
	// GetSession returns a session that is alive, and its user, from one query.
	// Otherwise ErrSessionNotFound, ErrSessionExpired or ErrUserBanned. A
	// session is alive up to and including its expiry.
	GetSession(ctx context.Context, token string, c Consistency) (*Session, *User, error)
	// CheckSessions returns a verdict on every subject, in the same order, from
	// the store itself. A nil entry means alive; others are ErrSessionNotFound,
	// ErrSessionExpired, ErrUserNotFound, ErrUserBanned or, of a subject with a
	// stamp, ErrPasswordChanged.
	CheckSessions(ctx context.Context, subjects []SessionSubject) ([]error, error)
	// RefreshSession prolongs a session that is alive, by the website's rule;
	// errors as GetSession.
	RefreshSession(ctx context.Context, token string) (*Session, *User, error)
	// RefreshSessions does the same for up to MaxBatch sessions, by id. It
	// prolongs those that are due, and returns their ids in any order. It ignores
	// sessions that do not exist, have expired or have a banned user, and all
	// sessions if the website does not grant writing them. A session that another
	// transaction is writing may be left for the next time.
	RefreshSessions(ctx context.Context, ids []string) (refreshed []string, err error)
}

// Characters keeps the characters.
type Characters interface {
	// GetCharacter returns a character, also a marked one.
	// ErrCharacterNotFound, also if another person has the owner's id now.
	GetCharacter(ctx context.Context, id CharacterID, c Consistency) (*Character, error)
	// ListCharacters returns the characters of the person who has the id now,
	// in slot order. If nobody has the id, it returns all characters with this
	// id.
	ListCharacters(ctx context.Context, userID string, includeDeleted bool, c Consistency) ([]*Character, error)
	// CreateCharacter creates a character in the lowest free slot:
	// ErrNameTaken, ErrCharacterLimit. A second call with the same key of the
	// same user returns the character of the first call.
	CreateCharacter(ctx context.Context, n NewCharacter) (*Character, error)
	// DeleteCharacter marks a character and returns when that becomes final:
	// ErrCharacterNotFound, ErrAlreadyDeleted, ErrCharacterInPlay.
	DeleteCharacter(ctx context.Context, id CharacterID, userID string) (time.Time, error)
	// RestoreCharacter removes the mark: ErrCharacterNotFound (also when its
	// time is over), ErrNotDeleted.
	RestoreCharacter(ctx context.Context, id CharacterID, userID string) (*Character, error)
	// SaveCharacters writes states and, if a save has them, all items, in one
	// transaction. Each save has its own result. A group is written as a whole
	// or not at all. If the last written save of a character has the same key,
	// the answer is that of the first time. A character may be in the batch
	// once.
	SaveCharacters(ctx context.Context, saves []CharacterSave) ([]SaveResult, error)
}

// Purger has calls that engines offer in addition to the contract: the purge
// belongs to the part that owns the tables. It is not available over gRPC.
type Purger interface {
	// PurgeCharacters removes up to limit (1 to MaxBatch) characters whose
	// deletion by their player is final, with everything they have, and returns
	// how many. Any number of replicas may call it: while one purges, the others
	// return 0.
	PurgeCharacters(ctx context.Context, limit int) (int, error)
	// Sweep looks at all persons who have anything here. If the website no longer has
	// a person, it removes the game account, the tickets and the play record, unless
	// that is alive, and marks the characters that are not being played. If the owner
	// of a character that it marked is there again, it removes the mark. If the owner
	// is still gone when the grace is over, it removes the character, up to MaxBatch
	// in a call. If a missing user is no proof, it changes nothing and returns
	// ErrManyGone, ErrNoUsers or ErrWebsiteHidden. Any number of replicas may call
	// it: while one sweeps, the others do nothing.
	Sweep(ctx context.Context, r SweepRules) (Swept, error)
}

// GameAccounts stores what we know of a user in addition to the website's rows.
type GameAccounts interface {
	// GetGameAccount returns the game account, or ErrGameAccountNotFound.
	GetGameAccount(ctx context.Context, userID string) (*GameAccount, error)
	// SetGameAccount writes the whole game account; ErrUserNotFound. If the hash
	// differs from the stored one, it stores the state of the website's password
	// too.
	SetGameAccount(ctx context.Context, a GameAccount) error
}

// Tickets stores one-time tickets.
type Tickets interface {
	// CreateTicket stores a ticket for lifetime (more than 0, at most
	// MaxTicketLifetime) and returns when it ends.
	CreateTicket(ctx context.Context, t Ticket, lifetime time.Duration) (time.Time, error)
	// RedeemTicket uses up a ticket, atomically, and returns it;
	// ErrTicketInvalid if it is unknown, used, has expired or is bound to
	// another address.
	RedeemTicket(ctx context.Context, digest Digest, address string) (*Ticket, error)
}

// Plays stores the play records, one for each user.
type Plays interface {
	// BeginPlay opens the user's record with the next generation. Its stamp has the states of
	// the passwords given in NewPlay, or the present ones if none are given. If a game
	// password is stored without the state of the website's password, the present state is
	// stored with it. Generations never go down, not even after the record has ended. If an
	// earlier record is alive, it is marked as closing instead, and the error is
	// ErrPlayClosing: at most until PlayClosingLimit after the first such answer. With
	// KeepEarlier the earlier record is not marked, and the error is ErrPlayLives.
	BeginPlay(ctx context.Context, n NewPlay) (*Play, error)
	// HandOverPlay stores the only handover that AdmitPlay will accept, and
	// returns until when; ErrPlayNotFound if the record has lapsed or ended, is
	// closing, or is newer. If another record uses the token, it returns
	// ErrTokenTaken: choose another one.
	HandOverPlay(ctx context.Context, h HandOver) (time.Time, error)
	// AdmitPlay uses up a handover, atomically; ErrJoinRefused, also for a
	// record that is closing.
	AdmitPlay(ctx context.Context, token uint32, digest Digest, stage Stage) (*Play, error)
	// RenewPlays prolongs leases, also of records that are closing, so that their
	// holders have time to save. A lapsed record is renewed too if it was neither
	// ended nor taken over: so an outage ends no play. The result has an entry for
	// each reference, nil if the record is lost.
	RenewPlays(ctx context.Context, refs []PlayRef) ([]*Play, error)
	// EndedPlay returns the record that was begun with a secret from an address, with
	// a session of the website, and that ended at most PlayReuse ago. ErrPlayLives if
	// it has not ended. ErrPlayNotFound if there is none, if another sign-in has
	// replaced it, or if another sign-in waits for its end.
	EndedPlay(ctx context.Context, digest Digest, address string) (*Play, error)
	// EndPlay ends a record. It is no error if the record is gone or newer.
	EndPlay(ctx context.Context, ref PlayRef) error
}
