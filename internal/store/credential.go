package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"regexp"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Credentials reads with what the website verifies its users.
type Credentials interface {
	// GetCredential returns a user, named as by Users, with the hash of the
	// user's password, from the store itself. ErrUserNotFound;
	// ErrNoCredentialsGrant if the store may not read hashes.
	GetCredential(ctx context.Context, by UserKey, value string) (*Credential, error)
}

// Credential is a user with the user's password hash.
type Credential struct {
	User User
	// PasswordHash is as the website stores it. It is empty if the user has no
	// password, or if the website has several different hashes.
	PasswordHash string
	TwoFactor    bool // the website asks for a second factor
}

// LogValue keeps the hash out of logs.
func (c Credential) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user_id", c.User.ID), slog.String("password_hash", "[redacted]"),
		slog.Bool("two_factor", c.TwoFactor))
}

// SessionWriter writes the website's sessions as the website does, if its owner
// grants that.
type SessionWriter interface {
	// CreateSession creates a session that the website accepts as its own.
	// ErrUserNotFound, ErrUserBanned, ErrNoSessionsGrant; InvalidArgument for a
	// token in use.
	CreateSession(ctx context.Context, n NewSession) (*Session, *User, error)
	// RevokeSession deletes the session with a token; one that is gone is no
	// error. ErrNoSessionsGrant.
	RevokeSession(ctx context.Context, token string) error
	// RedeemOneTimeToken uses up a one-time token of the website, atomically,
	// and returns the session for which it stands. ErrTicketInvalid if the
	// token or its session is unknown or has expired, ErrUserBanned,
	// ErrNoOneTimeGrant. The token is used up even if there is an error about
	// its session.
	RedeemOneTimeToken(ctx context.Context, token string) (*Session, *User, error)
}

// NewSession describes a session of the website to be created.
type NewSession struct {
	UserID    string
	Token     string        // 32 letters and digits
	Lifetime  time.Duration // MinSessionLifetime to MaxSessionLifetime
	IPAddress string        // up to MaxAddressLength characters, may be empty
	UserAgent string        // up to MaxUserAgentLength characters, may be empty
}

// Bounds of the life of a session that CreateSession creates. A website cannot
// set a cookie for more than 400 days.
const (
	MinSessionLifetime = time.Minute
	MaxSessionLifetime = 400 * 24 * time.Hour
)

// MaxUserAgentLength bounds the name of a client's program.
const MaxUserAgentLength = 512

var (
	sessionToken = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	oneTimeToken = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)
)

// LogValue keeps the token out of logs.
func (n NewSession) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user_id", n.UserID), slog.String("token", "[redacted]"), slog.Duration("lifetime", n.Lifetime))
}

// Validate returns InvalidArgument, naming the field, for a session that must
// not be made.
func (n NewSession) Validate() error {
	switch {
	case !sessionToken.MatchString(n.Token):
		return errs.Invalid("token", "must be 32 letters and digits")
	case n.Lifetime < MinSessionLifetime || n.Lifetime > MaxSessionLifetime:
		return errs.Invalid("lifetime", "must be one minute to 400 days")
	}
	return first(
		CheckUserID(n.UserID),
		checkText("ip_address", n.IPAddress, 0, MaxAddressLength),
		checkText("user_agent", n.UserAgent, 0, MaxUserAgentLength),
	)
}

// ErrSessionTokenTaken refuses the token of another session.
var ErrSessionTokenTaken = errs.Invalid("token", "is in use by another session; choose another")

// oneTimePrefix begins the identifiers of better-auth's plugin one-time-token.
const oneTimePrefix = "one-time-token:"

// OneTimeIdentifiers returns the identifiers under which the website may store a
// one-time token: the plugin hashes the token if storeToken is "hashed", and
// better-auth hashes the whole identifier if verification.storeIdentifier is
// "hashed". A hash shown as the token works too, but only somebody who has read
// the row knows it, and the row also has the session's own token.
// InvalidArgument for a text that cannot be a token.
func OneTimeIdentifiers(token string) ([]string, error) {
	if !oneTimeToken.MatchString(token) {
		return nil, errs.Invalid("token", "must be 16 to 128 letters, digits, - and _")
	}
	plain, hashed := oneTimePrefix+token, oneTimePrefix+hashOf(token)
	return []string{plain, hashed, hashOf(plain), hashOf(hashed)}, nil
}

// hashOf returns a hash in the form in which better-auth stores it.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JudgeRedeemed is Judge for the session of a one-time token: ErrTicketInvalid
// if the session has expired.
func JudgeRedeemed(s *Session, u *User, now time.Time) error {
	err := Judge(s, u, now)
	if errors.Is(err, ErrSessionExpired) {
		return ErrTicketInvalid
	}
	return err
}
