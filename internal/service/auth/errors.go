package auth

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Errors of this part, in addition to those of the storage contract.
var (
	// ErrLoginRefused is the same answer for an unknown user, a wrong secret
	// and a ticket whose session or password is no longer valid.
	ErrLoginRefused = errs.New(errs.PermissionDenied, "LOGIN_REFUSED", "user name or secret is not right")
	// ErrTicketRefused is the same answer for all 32 characters that are
	// neither a ticket, nor a one-time token, nor the form of a game password.
	ErrTicketRefused = errs.New(errs.PermissionDenied, "TICKET_REFUSED", "the ticket is unknown, used or has expired; start the game from the website again")
	// ErrEmailNotVerified, ErrTwoFactorRequired: the password was right, and the
	// website asks for more.
	ErrEmailNotVerified  = errs.New(errs.PermissionDenied, "EMAIL_NOT_VERIFIED", "the e-mail address is not verified yet; follow the link in the website's mail")
	ErrTwoFactorRequired = errs.New(errs.FailedPrecondition, "TWO_FACTOR_REQUIRED", "the account has a second factor; sign in on the website")
	// ErrTooManyAttempts asks to wait before the next attempt.
	ErrTooManyAttempts = errs.New(errs.ResourceExhausted, "TOO_MANY_ATTEMPTS", "too many attempts to sign in; wait a little")
	// ErrNoGamePassword sends the player to the launcher.
	ErrNoGamePassword = errs.New(errs.FailedPrecondition, "NO_GAME_PASSWORD", "the account has no game password; start the game from the website")
	// ErrGamePasswordEnded sends the player to the launcher too: the game password
	// was right, but it ended when the website's password was changed.
	ErrGamePasswordEnded = errs.New(errs.FailedPrecondition, "GAME_PASSWORD_ENDED", "the game password ended when the website's password was changed; set a new one on the website, or start the game from there")
	// ErrCurrentPasswordWrong, ErrCurrentPasswordNeeded and ErrSessionNotFresh
	// refuse to change a game password if the caller has not proved to be the
	// user.
	ErrCurrentPasswordWrong  = errs.New(errs.PermissionDenied, "CURRENT_PASSWORD_WRONG", "the current password of the website is not right")
	ErrCurrentPasswordNeeded = errs.New(errs.PermissionDenied, "CURRENT_PASSWORD_NEEDED", "the current password of the website is needed to change the game password")
	ErrSessionNotFresh       = errs.New(errs.PermissionDenied, "SESSION_NOT_FRESH", "sign in to the website again to change the game password")
	// ErrLoopbackOnly refuses a sign-in from another machine to an account that
	// is for this machine only.
	ErrLoopbackOnly = errs.New(errs.PermissionDenied, "LOOPBACK_ONLY", "this account may sign in from the server's own machine only")
	// ErrBusy refuses to hash one more password if the queue is full.
	ErrBusy = errs.New(errs.ResourceExhausted, "AUTH_BUSY", "too many sign-ins by password at the same time; try again").RetryIn(time.Second)
	// ErrNoToken means that every token that was tried is in use.
	ErrNoToken = errs.New(errs.Unavailable, "NO_FREE_TOKEN", "no free token for the next stage; try again")
)
