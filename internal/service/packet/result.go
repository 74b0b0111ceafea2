package packet

import (
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// results maps the reasons of errors to the client's result bytes, a column for
// each packet that carries one. A reason that is not listed is shown as "failed"
// (1). The client shows its own text for each number.
//
// An unknown user and a wrong secret are the same reason, so that strangers cannot
// find out which accounts exist. NO_GAME_PASSWORD and GAME_PASSWORD_ENDED become
// "no right" (7), which tells the player to start the game from the website.
// TICKET_REFUSED is a wrong secret (3) like others: the account may have a game
// password, and the player can type it after this answer. TOO_MANY_ATTEMPTS,
// AUTH_BUSY, GATEWAY_BUSY and GATEWAY_SLOW become "too many users" (8), the one
// text that asks to try again later.
var results = map[string]result{ //nolint:gochecknoglobals // a constant table
	"LOGIN_REFUSED":       {login: packets.LoginWrongPassword},
	"USER_BANNED":         {login: packets.LoginRefused, join: packets.JoinFailed},
	"NO_GAME_PASSWORD":    {login: packets.LoginNoRight},
	"GAME_PASSWORD_ENDED": {login: packets.LoginNoRight},
	"LOOPBACK_ONLY":       {login: packets.LoginOutsideRegion},
	"TICKET_REFUSED":      {login: packets.LoginWrongPassword},
	"AUTH_BUSY":           {login: packets.LoginTooManyUsers},
	"GATEWAY_BUSY":        {login: packets.LoginTooManyUsers, join: packets.JoinTimeout},
	"GATEWAY_SLOW":        {login: packets.LoginTooManyUsers, join: packets.JoinTimeout},
	"TOO_MANY_ATTEMPTS":   {login: packets.LoginTooManyUsers},
	"PLAY_CLOSING":        {login: packets.LoginAlreadyLoggedIn},
	"SESSION_EXPIRED":     {login: packets.LoginWrongPassword},
	"SESSION_NOT_FOUND":   {login: packets.LoginWrongPassword},
	"JOIN_REFUSED":        {join: packets.JoinWrongPassword},
	"PLAY_NOT_FOUND":      {join: packets.JoinTimeout},
	"STALE_GENERATION":    {join: packets.JoinAlreadyLoggedIn},
	"NAME_TAKEN":          {create: packets.CreateNameExists},
	"CHARACTER_LIMIT":     {create: packets.CreateNoMoreSlots},
	"INVALID_NAME":        {create: packets.CreateInvalidValue},
	"INVALID_APPEARANCE":  {create: packets.CreateInvalidValue},
	"INVALID_START_POINT": {create: packets.CreateInvalidValue},

	// The next reasons of a creation are errors of the server; the player cannot
	// correct them.
	"INVALID_USER_ID":         {create: packets.CreateFailed},
	"INVALID_IDEMPOTENCY_KEY": {create: packets.CreateFailed},
	"MALFORMED_REQUEST":       {create: packets.CreateFailed},
	"METHOD_NOT_LISTED":       {create: packets.CreateFailed},
	"TOKENS_NEEDED":           {create: packets.CreateFailed},
	"CALLER_UNKNOWN":          {create: packets.CreateFailed},
	"STORE_UNAVAILABLE":       {create: packets.CreateFailed},
	"PART_UNAVAILABLE":        {create: packets.CreateFailed},
	"STOPPING":                {create: packets.CreateFailed},
	"DEADLINE_EXCEEDED":       {create: packets.CreateFailed},
	"CANCELED":                {create: packets.CreateFailed},
	"PANIC":                   {create: packets.CreateFailed},
	"INTERNAL":                {create: packets.CreateFailed},
}

// result holds the result bytes for one reason. 0 means that the reason cannot come
// there; if it does, it is shown as "failed". The other two requests about
// characters have one refusal for all reasons: packets.DeleteFailed, and the way
// back to the character list.
type result struct {
	login, join, create uint8
}

func loginResult(err error) uint8 {
	return orFailed(results[errs.ReasonOf(err)].login, packets.LoginFailed)
}

func joinResult(err error) uint8 {
	return orFailed(results[errs.ReasonOf(err)].join, packets.JoinFailed)
}

func createResult(err error) uint8 {
	return orFailed(results[errs.ReasonOf(err)].create, packets.CreateFailed)
}

func orFailed(n, failed uint8) uint8 {
	if n == 0 {
		return failed
	}
	return n
}
