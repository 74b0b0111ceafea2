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
	// Fresh passes every cache, refills it, and joins no load begun before the
	// call.
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
	// PlayLease is how long a play record lives without being renewed.
	PlayLease = 10 * time.Second
	// PlayClosingLimit is how long the holder of a record may take to end it once
	// a newer sign-in waits for that. Then the record is taken over as it is.
	PlayClosingLimit = 10 * time.Second
	// HandOverLifetime is how long the token of a hand-over is good; the play
	// record lives at least as long.
	HandOverLifetime = 60 * time.Second
	// PlayReuse is how long after its end, or at most a HandOverLifetime later, a
	// record is found by the secret that it was begun with.
	PlayReuse = time.Minute
	// MaxTicketLifetime bounds how long a ticket is good.
	MaxTicketLifetime = 180 * time.Second
	// MaxBatch is the largest number of items in one call of CheckSessions,
	// RefreshSessions, SaveCharacters or RenewPlays.
	MaxBatch = 1000
)

// Users reads the website's users.
type Users interface {
	// GetUser returns the user with an id, or ErrUserNotFound.
	GetUser(ctx context.Context, id string, c Consistency) (*User, error)
	// GetUserByUsername returns the user who has exactly that name, and otherwise
	// the one whose name differs in case alone (unless the engine's NameCase says
	// otherwise). ErrUserNotFound; ErrNameAmbiguous when there are several.
	GetUserByUsername(ctx context.Context, username string, c Consistency) (*User, error)
	// GetUserByEmail does that for an e-mail address.
	GetUserByEmail(ctx context.Context, email string, c Consistency) (*User, error)
}

// Sessions reads and prolongs the website's sessions.
type Sessions interface {
	// GetSession returns a living session and its user from one query:
	// ErrSessionNotFound, ErrSessionExpired or ErrUserBanned otherwise. A
	// session is alive up to and including its expiry.
	GetSession(ctx context.Context, token string, c Consistency) (*Session, *User, error)
	// CheckSessions judges every subject, in the order given, from the store
	// itself. A nil entry means alive; others are ErrSessionNotFound,
	// ErrSessionExpired, ErrUserNotFound, ErrUserBanned or, of a subject with a
	// stamp, ErrPasswordChanged.
	CheckSessions(ctx context.Context, subjects []SessionSubject) ([]error, error)
	// RefreshSession prolongs a living session by the website's rule; errors
	// as GetSession.
	RefreshSession(ctx context.Context, token string) (*Session, *User, error)
	// RefreshSessions does that for those of up to MaxBatch sessions, by id, that
	// are due, and returns their ids in any order. What is not there, is over or
	// has a banned user is passed by, and so are all sessions where the website
	// does not let them be written. A session that somebody else is writing may
	// be left for the next time.
	RefreshSessions(ctx context.Context, ids []string) (refreshed []string, err error)
}

// Characters keeps the characters.
type Characters interface {
	// GetCharacter returns a character, also a marked one, or
	// ErrCharacterNotFound, also where another person has the owner's id now.
	GetCharacter(ctx context.Context, id CharacterID, c Consistency) (*Character, error)
	// ListCharacters returns the characters of the person who has an id now, in
	// slot order; of an id that nobody has, all that name it.
	ListCharacters(ctx context.Context, userID string, includeDeleted bool, c Consistency) ([]*Character, error)
	// CreateCharacter makes a character in the lowest free slot: ErrNameTaken,
	// ErrCharacterLimit. The same key of the same user returns the character
	// made the first time.
	CreateCharacter(ctx context.Context, n NewCharacter) (*Character, error)
	// DeleteCharacter marks a character and returns when that becomes final:
	// ErrCharacterNotFound, ErrAlreadyDeleted, ErrCharacterInPlay.
	DeleteCharacter(ctx context.Context, id CharacterID, userID string) (time.Time, error)
	// RestoreCharacter takes the mark away: ErrCharacterNotFound (also when its
	// time is over), ErrNotDeleted.
	RestoreCharacter(ctx context.Context, id CharacterID, userID string) (*Character, error)
	// SaveCharacters writes states and, where a save says so, all items with
	// them, in one transaction. Each save has its own result; a group is
	// written as a whole or not at all. A save that was written last, told by
	// its key, is answered as the first time. A character may be in the batch
	// once.
	SaveCharacters(ctx context.Context, saves []CharacterSave) ([]SaveResult, error)
}

// Purger is what engines offer beside the contract: the purge belongs to the
// part that owns the tables and never crosses the wire.
type Purger interface {
	// PurgeCharacters removes up to limit (1 to MaxBatch) characters whose
	// deletion by their player is final, with all they have, and returns how many.
	// Any number of replicas may call it: while one purges, the others return 0.
	PurgeCharacters(ctx context.Context, limit int) (int, error)
	// Sweep looks at everybody who has anything here. Of persons whom the website
	// does not have any more it removes the game account, the tickets and the play
	// record, if that is dead, and marks the characters that are not being played;
	// characters that it marked are unmarked when their owner is there again, and
	// removed, up to MaxBatch at once, when the grace is over and the owner is
	// still gone. It ends nothing and returns ErrManyGone, ErrNoUsers or
	// ErrWebsiteHidden where absence is no proof. Any number of replicas may call it:
	// while one sweeps, the others do nothing.
	Sweep(ctx context.Context, r SweepRules) (Swept, error)
}

// GameAccounts keeps what we know of a user beside the website's rows.
type GameAccounts interface {
	// GetGameAccount returns it, or ErrGameAccountNotFound.
	GetGameAccount(ctx context.Context, userID string) (*GameAccount, error)
	// SetGameAccount writes it as a whole; ErrUserNotFound. With another hash than
	// the one kept, it notes the state of the website's password too.
	SetGameAccount(ctx context.Context, a GameAccount) error
}

// Tickets keeps one-time tickets.
type Tickets interface {
	// CreateTicket keeps a ticket for lifetime (more than 0, at most
	// MaxTicketLifetime) and returns the end of it.
	CreateTicket(ctx context.Context, t Ticket, lifetime time.Duration) (time.Time, error)
	// RedeemTicket takes a ticket out, atomically; ErrTicketInvalid when it is
	// unknown, used, over or bound to another address.
	RedeemTicket(ctx context.Context, digest Digest, address string) (*Ticket, error)
}

// Plays keeps the play records, one for each user.
type Plays interface {
	// BeginPlay opens the user's record with the next generation, stamped with the
	// passwords that the secret shown rests on, or as they are. A game password of
	// which the state of the website's password is not known rests on that from now
	// on. Generations never go down, not even when the record had been ended. While an earlier
	// record lives it is marked as closing instead, and the error is
	// ErrPlayClosing: at most until PlayClosingLimit after the first such answer. With
	// KeepEarlier it is left alone, and the error is ErrPlayLives.
	BeginPlay(ctx context.Context, n NewPlay) (*Play, error)
	// HandOverPlay sets the one passage that AdmitPlay will accept and returns
	// until when; ErrPlayNotFound when the record is dead, gone, closing or newer.
	// A token in use by another record gives ErrTokenTaken: choose another.
	HandOverPlay(ctx context.Context, h HandOver) (time.Time, error)
	// AdmitPlay uses a passage up, atomically; ErrJoinRefused, also for a record
	// that is closing.
	AdmitPlay(ctx context.Context, token uint32, digest Digest, stage Stage) (*Play, error)
	// RenewPlays prolongs leases, also of records that are closing, so that their
	// holders have the time to save. One that has lapsed is taken up again as long
	// as the record was neither ended nor taken over, so that an outage revokes
	// nobody. The result has an entry for each reference, nil where the record
	// is lost.
	RenewPlays(ctx context.Context, refs []PlayRef) ([]*Play, error)
	// EndedPlay returns the record that was begun with a secret from an address, by
	// a session of the website, and has been dead for no longer than PlayReuse:
	// ErrPlayLives while it is not dead, and ErrPlayNotFound when there is none, when
	// another sign-in has taken its place, or waits to.
	EndedPlay(ctx context.Context, digest Digest, address string) (*Play, error)
	// EndPlay ends a record; one that is gone or newer is no error.
	EndPlay(ctx context.Context, ref PlayRef) error
}
