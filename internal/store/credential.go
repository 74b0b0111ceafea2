package store

import (
	"context"
	"time"
)

// Credentials reads what the website keeps to know its users by.
type Credentials interface {
	// GetCredential returns a user with the hash of the user's password, from the
	// store itself. ErrUserNotFound; ErrNoCredentialsGrant where the store may
	// not read hashes.
	GetCredential(ctx context.Context, by UserKey, value string) (*Credential, error)
}

// Credential is a user with what proves who the user is.
type Credential struct {
	User         User
	PasswordHash string // as the website keeps it; empty for a user without a password
	TwoFactor    bool   // the website asks for a second factor
}

// SessionWriter does with the website's sessions what the website does, where
// its owner grants that.
type SessionWriter interface {
	// CreateSession makes a session that the website takes for its own.
	// ErrUserNotFound, ErrUserBanned, ErrNoSessionsGrant.
	CreateSession(ctx context.Context, n NewSession) (*Session, *User, error)
	// RevokeSession deletes the session with a token; one that is gone is no
	// error. ErrNoSessionsGrant.
	RevokeSession(ctx context.Context, token string) error
	// RedeemOneTimeToken takes a one-time token of the website out, atomically,
	// and returns the living session that it stands for: ErrTicketInvalid when
	// the token or its session is unknown or over, ErrUserBanned,
	// ErrNoOneTimeGrant. The token is gone whatever is said of its session.
	RedeemOneTimeToken(ctx context.Context, token string) (*Session, *User, error)
}

// NewSession describes a session of the website to be made.
type NewSession struct {
	UserID    string
	Token     string        // 32 letters and digits
	Lifetime  time.Duration // MinSessionLifetime to MaxSessionLifetime
	IPAddress string
	UserAgent string
}

// Bounds of the life of a session that CreateSession makes. A website cannot
// set a cookie for more than 400 days.
const (
	MinSessionLifetime = time.Minute
	MaxSessionLifetime = 400 * 24 * time.Hour
)
