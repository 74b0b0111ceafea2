package store

import (
	"crypto/sha256"
	"log/slog"
	"strconv"
	"time"
)

// User is a row of the website's user table, without any password.
type User struct {
	ID              string
	Name            string
	Username        string // as the website stores it, in lower case unless the website keeps the case; empty for none
	DisplayUsername string
	Email           string // lower case
	EmailVerified   bool
	Image           string
	Role            string // comma-separated; "user" when the website stored none
	Banned          bool   // as stored; see BannedAt
	BanReason       string
	BanExpiresAt    time.Time // zero for a ban without end
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// BannedAt reports whether the user is banned at a time. A ban is over when its
// end has passed, although the row may still say banned.
func (u *User) BannedAt(now time.Time) bool {
	return u.Banned && (u.BanExpiresAt.IsZero() || !u.BanExpiresAt.Before(now))
}

// Session is a row of the website's session table, without its token.
type Session struct {
	ID             string
	UserID         string
	ExpiresAt      time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	IPAddress      string
	UserAgent      string
	ImpersonatedBy string
}

// ExpiredAt reports whether the session is over at a time. At the exact time of
// its expiry it is alive.
func (s *Session) ExpiredAt(now time.Time) bool { return s.ExpiresAt.Before(now) }

// Judge returns nil if a session is alive and its user is not banned at a time,
// otherwise ErrSessionExpired or ErrUserBanned.
func Judge(s *Session, u *User, now time.Time) error {
	if s != nil && s.ExpiredAt(now) {
		return ErrSessionExpired
	}
	if u.BannedAt(now) {
		return ErrUserBanned
	}
	return nil
}

// SessionSubject is what CheckSessions checks: a session, or, if SessionID is
// empty, only a user.
type SessionSubject struct {
	SessionID string
	UserID    string
	// Stamp of the play record, to check passwords too; "": passwords are not
	// checked.
	Stamp PasswordStamp
}

// CharacterID identifies a character. The client knows it as its unique id. 0
// is none.
type CharacterID uint32

// String returns the id in decimal.
func (id CharacterID) String() string { return strconv.FormatUint(uint64(id), 10) }

// ParseCharacterID reads the decimal text of an id from 1 to 4294967295. Any
// other text names no character: ErrCharacterNotFound.
func ParseCharacterID(s string) (CharacterID, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || s[0] == '+' {
		return 0, ErrCharacterNotFound
	}
	return CharacterID(n), nil
}

// Appearance is what a player chooses when a character is made.
type Appearance struct {
	Gender     uint8 // 0 male, 1 female
	BirthStone uint8
	Hair       uint8
	Face       uint8
}

// Position is a place in the world; X and Y in centimetres.
type Position struct {
	Zone uint16
	X, Y float32
}

// Stats are the six basic abilities.
type Stats struct {
	Strength, Dexterity, Intelligence, Concentration, Charm, Sense uint16
}

// CharacterState is the part of a character that play changes. It is written
// as a whole.
type CharacterState struct {
	Position    Position
	ReviveZone  uint16
	Job         uint16
	Level       uint16
	XP          uint32
	HP          uint32
	MP          uint32
	Stats       Stats
	StatPoints  uint16
	SkillPoints uint16
	Stamina     uint16
	Money       int64 // 0 to MaxMoney
}

// Character is a player's character.
type Character struct {
	ID         CharacterID
	UserID     string
	Name       string
	Slot       uint8 // 0 to MaxCharacters-1
	Appearance Appearance
	State      CharacterState
	Items      Inventory // in the order of places
	Hotbar     Hotbar    // empty when made
	DeleteAt   time.Time // zero unless marked for deletion
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64 // 1 when made, one more with every change
}

// NewCharacter describes a character to be made.
type NewCharacter struct {
	UserID     string
	Name       string
	Appearance Appearance
	State      CharacterState
	Items      Inventory // without ids, which are given
	Key        string    // idempotency key, 1 to 64 characters
}

// CharacterSave is a state to be written.
type CharacterSave struct {
	ID         CharacterID
	Version    int64  // the version that State is based on
	Generation int64  // of the play record; a save with a lower one than the owner's is refused
	Key        string // repeats of one save carry the same key, 1 to 64 characters
	State      CharacterState
	// Items are all items that the character has from now on: an item that is
	// not among them is gone, one with id 0 is new. nil leaves the items as
	// they are. An empty inventory removes all of them.
	Items *Inventory
	// Hotbar is the quick bar as a whole; nil leaves it as it is.
	Hotbar *Hotbar
	// Group, 0 to 64 characters, names saves of one batch that are written
	// together or not at all; empty for a save without a group. Items can move
	// from one character to another only within a group.
	Group string
}

// SaveResult is the outcome of one save: what is stored now, or Err:
// ErrCharacterNotFound, ErrVersionConflict, ErrStaleGeneration,
// ErrItemConflict, ErrGroupRefused.
type SaveResult struct {
	Version int64
	// ItemIDs are the ids of the save's items in the order of the save; nil
	// when it had none or left them as they were.
	ItemIDs []ItemID
	Err     error
}

// GameAccount is what we know of a user in addition to the website's rows.
type GameAccount struct {
	UserID       string
	PasswordHash string // slow hash of the client's MD5 form; empty for none
	LoopbackOnly bool   // may sign in from loopback addresses only
	// SitePassword is the PasswordState of the website's password when the game
	// password was set; "" if not known. SetGameAccount computes it.
	SitePassword string
}

// Digest is the SHA-256 of a secret. Secrets themselves are never stored.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a secret.
func DigestOf(secret string) Digest { return sha256.Sum256([]byte(secret)) }

// LogValue keeps digests out of logs.
func (Digest) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Ticket lets a user in once.
type Ticket struct {
	Digest    Digest
	UserID    string
	SessionID string // of the website; empty when an operator made the ticket
	Address   string // bound to it; empty for any
	// SitePassword is the PasswordState of the website's password when the ticket
	// was made; "" if not known. CreateTicket computes it.
	SitePassword string
}

// Stage is one of the connections that a client makes one after the other.
type Stage uint8

// The stages.
const (
	StageNone  Stage = iota
	StageLogin       // signing in and choosing a server
	StageWorld       // choosing a character
	StageGame        // in the game
)

// Play is a play record.
type Play struct {
	ID             string
	UserID         string
	SessionID      string
	Generation     int64
	Stage          Stage // admitted to last
	CharacterID    CharacterID
	Address        string
	LeaseExpiresAt time.Time
	// Closing: a newer sign-in waits for the holder to save the player and end
	// the record.
	Closing bool
	// Stamp of the passwords as they were when the record began.
	Stamp PasswordStamp
}

// Subject returns what CheckSessions has to check for the record.
func (p *Play) Subject() SessionSubject {
	return SessionSubject{SessionID: p.SessionID, UserID: p.UserID, Stamp: p.Stamp}
}

// Ref returns the reference to the record.
func (p *Play) Ref() PlayRef { return PlayRef{ID: p.ID, Generation: p.Generation} }

// PlayRef names a play record as its holder knows it.
type PlayRef struct {
	ID         string
	Generation int64
}

// NewPlay describes a sign-in.
type NewPlay struct {
	UserID    string
	SessionID string
	Digest    Digest
	Address   string
	// GamePassword is the PasswordState of the hash with which the game password
	// was verified; "" for other ways to sign in. The caller gives it, because
	// the stored password may be changed while the sign-in waits.
	GamePassword string
	// SitePassword is the PasswordState of the website's password when the secret
	// was made, for the same reason; "": the present one is used.
	SitePassword string
	// KeepEarlier: an earlier record that is alive is not marked as closing.
	KeepEarlier bool
}

// HandOver describes the step of a player to another stage.
type HandOver struct {
	PlayRef
	Stage       Stage // StageWorld or StageGame
	CharacterID CharacterID
	Token       uint32 // never 0
}
