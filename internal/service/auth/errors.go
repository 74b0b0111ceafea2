package auth

import "github.com/waystone-mmo/waystone/internal/errs"

// Errors of this part beside those of the storage contract.
var (
	// ErrLoginRefused is the one answer for an unknown user, a wrong secret and
	// a ticket that no longer stands for anybody.
	ErrLoginRefused = errs.New(errs.PermissionDenied, "LOGIN_REFUSED", "user name or secret is not right")
	// ErrNoGamePassword sends the player to the launcher.
	ErrNoGamePassword = errs.New(errs.FailedPrecondition, "NO_GAME_PASSWORD", "the account has no game password; start the game from the website")
	// ErrLoopbackOnly keeps accounts that are for this machine on it.
	ErrLoopbackOnly = errs.New(errs.PermissionDenied, "LOOPBACK_ONLY", "this account may sign in from the server's own machine only")
	// ErrBusy refuses to hash one more password while too many wait.
	ErrBusy = errs.New(errs.ResourceExhausted, "AUTH_BUSY", "too many sign-ins by password at once; try again")
	// ErrNoToken says that every token tried was in use.
	ErrNoToken = errs.New(errs.Unavailable, "NO_FREE_TOKEN", "no free token for the next stage; try again")
)
