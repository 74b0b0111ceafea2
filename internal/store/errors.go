package store

import "github.com/waystone-mmo/waystone/internal/errs"

// The errors of the contract. Their reasons are part of the RPC contract:
// callers decide by reason, never by text.
var (
	ErrUserNotFound        = errs.New(errs.NotFound, "USER_NOT_FOUND", "no such user")
	ErrNameAmbiguous       = errs.New(errs.FailedPrecondition, "NAME_AMBIGUOUS", "this name could mean several users; give it exactly, or the id")
	ErrUserBanned          = errs.New(errs.PermissionDenied, "USER_BANNED", "the user is banned")
	ErrPasswordChanged     = errs.New(errs.PermissionDenied, "PASSWORD_CHANGED", "the password was changed since the player signed in")
	ErrSessionNotFound     = errs.New(errs.NotFound, "SESSION_NOT_FOUND", "no such session")
	ErrSessionExpired      = errs.New(errs.NotFound, "SESSION_EXPIRED", "the session has expired")
	ErrCharacterNotFound   = errs.New(errs.NotFound, "CHARACTER_NOT_FOUND", "no such character")
	ErrNameTaken           = errs.New(errs.AlreadyExists, "NAME_TAKEN", "the name is taken")
	ErrCharacterLimit      = errs.New(errs.FailedPrecondition, "CHARACTER_LIMIT", "all five character slots are in use")
	ErrAlreadyDeleted      = errs.New(errs.FailedPrecondition, "ALREADY_DELETED", "the character is marked for deletion")
	ErrNotDeleted          = errs.New(errs.FailedPrecondition, "NOT_DELETED", "the character is not marked for deletion")
	ErrCharacterInPlay     = errs.New(errs.FailedPrecondition, "CHARACTER_IN_PLAY", "the character is being played")
	ErrVersionConflict     = errs.New(errs.Aborted, "VERSION_CONFLICT", "the character was changed since it was loaded")
	ErrStaleGeneration     = errs.New(errs.Aborted, "STALE_GENERATION", "a newer sign-in owns the character")
	ErrItemConflict        = errs.New(errs.Aborted, "ITEM_CONFLICT", "an item is gone or belongs to another character")
	ErrGroupRefused        = errs.New(errs.Aborted, "GROUP_REFUSED", "another save of the group was refused")
	ErrGameAccountNotFound = errs.New(errs.NotFound, "GAME_ACCOUNT_NOT_FOUND", "the user has no game account")
	ErrTicketInvalid       = errs.New(errs.NotFound, "TICKET_INVALID", "the ticket is unknown, used or has expired")
	ErrPlayClosing         = errs.New(errs.Aborted, "PLAY_CLOSING", "an earlier sign-in of the user is being closed; try again shortly")
	ErrPlayLives           = errs.New(errs.FailedPrecondition, "PLAY_LIVES", "the user has a play record that is alive")
	ErrPlayNotFound        = errs.New(errs.NotFound, "PLAY_NOT_FOUND", "the play record has ended or was taken over")
	ErrTokenTaken          = errs.New(errs.AlreadyExists, "TOKEN_TAKEN", "another handover uses this token")
	ErrJoinRefused         = errs.New(errs.PermissionDenied, "JOIN_REFUSED", "token and secret are not valid for this stage")
	ErrNoCredentialsGrant  = errs.New(errs.FailedPrecondition, "CREDENTIALS_NOT_GRANTED", "the website's password hashes may not be read; `waystone db check` names the grant")
	ErrNoSessionsGrant     = errs.New(errs.FailedPrecondition, "SESSIONS_NOT_GRANTED", "the website's sessions may not be created or ended; `waystone db check` names the grant")
	ErrNoOneTimeGrant      = errs.New(errs.FailedPrecondition, "ONE_TIME_TOKENS_NOT_GRANTED", "the website's one-time tokens may not be redeemed; `waystone db check` names the grant")
	ErrUserExists          = errs.New(errs.AlreadyExists, "USER_EXISTS", "the user name or e-mail address is in use")
	ErrTooManyWatchers     = errs.New(errs.ResourceExhausted, "TOO_MANY_WATCHERS", "this replica has the maximum number of watchers; try another")
	ErrWatchTooSlow        = errs.New(errs.Aborted, "WATCH_TOO_SLOW", "the watcher did not read in time; watch again with the last cursor")
	ErrWatchClosed         = errs.New(errs.Unavailable, "WATCH_CLOSED", "this replica stops; watch again with the last cursor")
	ErrFeedUnavailable     = errs.New(errs.Unavailable, "FEED_UNAVAILABLE", "this replica receives no changes now; check sessions until it does")
	ErrWebsiteHidden       = errs.New(errs.Unavailable, "WEBSITE_HIDDEN", "the database hides rows from the server's role, so a missing row does not mean that a user is gone; `waystone db check` says what to do")
	ErrUnavailable         = errs.New(errs.Unavailable, "STORE_UNAVAILABLE", "the store cannot be reached; try again")
)

// ByReason returns the error of the contract with a reason, nil if there is
// none.
func ByReason(reason string) *errs.Error {
	for _, e := range []*errs.Error{
		ErrUserNotFound, ErrNameAmbiguous, ErrUserBanned, ErrPasswordChanged, ErrSessionNotFound, ErrSessionExpired,
		ErrCharacterNotFound, ErrNameTaken, ErrCharacterLimit,
		ErrAlreadyDeleted, ErrNotDeleted, ErrCharacterInPlay,
		ErrVersionConflict, ErrStaleGeneration, ErrItemConflict, ErrGroupRefused,
		ErrGameAccountNotFound,
		ErrTicketInvalid, ErrPlayClosing, ErrPlayLives, ErrPlayNotFound, ErrTokenTaken, ErrJoinRefused,
		ErrNoCredentialsGrant, ErrNoSessionsGrant, ErrNoOneTimeGrant,
		ErrUserExists, ErrTooManyWatchers, ErrWatchTooSlow, ErrWatchClosed,
		ErrFeedUnavailable, ErrWebsiteHidden, ErrUnavailable,
	} {
		if e.Reason == reason {
			return e
		}
	}
	return nil
}
