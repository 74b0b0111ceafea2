package rpc

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Callers that a method may have. Anyone is for the three services of the
// database part that the operator's other software may use too, and for health
// and reflection.
const (
	Anyone    = "anyone"
	Auth      = "auth"
	Character = "character"
	Packet    = "packet"
	World     = "world"
	Website   = "website"
	Operator  = "operator"
)

// access lists the callers of every service, and of methods that have others
// than their service. An operator's tools may call everything.
var access = map[string][]string{ //nolint:gochecknoglobals // a constant table
	"grpc.health.v1.Health":                    {Anyone},
	"grpc.reflection.v1.ServerReflection":      {Anyone},
	"grpc.reflection.v1alpha.ServerReflection": {Anyone},
	"waystone.database.v1.UserService":         {Anyone},
	"waystone.database.v1.SessionService":      {Anyone},
	// One such stream can take as much work at the same time as many callers.
	"waystone.database.v1.SessionService/GetSessions": {Auth},
	// A watcher learns ids that it did not know before.
	"waystone.database.v1.SessionService/Watch": {Auth, Packet},
	"waystone.database.v1.CharacterDbService":   {Anyone},
	"waystone.database.v1.AuthStoreService":     {Auth},
	"waystone.auth.v1.AuthService":              {Packet},
	// What the website's own server asks for its visitors, and what its pages
	// show.
	"waystone.auth.v1.AuthService/SignIn":                     {Website},
	"waystone.auth.v1.AuthService/SignOut":                    {Website},
	"waystone.auth.v1.AuthService/VerifyPassword":             {Website},
	"waystone.auth.v1.AuthService/IssueTicket":                {Packet, Website},
	"waystone.auth.v1.AuthService/SetGamePassword":            {Packet, Website},
	"waystone.character.v1.CharacterService":                  {Packet},
	"waystone.character.v1.CharacterService/ListCharacters":   {Packet, Website},
	"waystone.character.v1.CharacterService/RestoreCharacter": {Packet, Website},
	"waystone.world.v1.WorldService":                          {Packet},
}

// Callers returns the callers that may call a method
// ("package.Service/Method"), or the default callers of a service
// ("package.Service"). It returns false for a name that is not in the table.
func Callers(name string) ([]string, bool) {
	if c, ok := access[name]; ok {
		return c, true
	}
	service, _, _ := strings.Cut(name, "/")
	c, ok := access[service]
	return c, ok
}

// Access says how a server recognizes its callers.
type Access struct {
	// Tokens are the callers' secret tokens.
	Tokens Tokens
}

// Tokens are the secret tokens of callers by name. A caller has one token, or
// two while it changes: both let the caller in.
type Tokens map[string][]string

// Own returns the token that a caller shows, which is its first one; "" for
// none.
func (t Tokens) Own(caller string) string {
	if len(t[caller]) == 0 {
		return ""
	}
	return t[caller][0]
}

// ParseTokens reads SERVICE_TOKENS: name:token,name:token. Tokens have 16
// characters or more, all visible ASCII, which metadata needs. Each caller has its
// own: if two callers had the same token, each would have the rights of both. A
// caller may be named twice; the token that it shows comes first.
func ParseTokens(items []string) (Tokens, error) {
	tokens, callers := Tokens{}, map[string]string{}
	for i, item := range items {
		name, token, ok := strings.Cut(item, ":")
		if !ok {
			return nil, fmt.Errorf("must be a list of name:token")
		}
		switch name {
		case Auth, Character, Packet, World, Website, Operator:
		default:
			// The name is not printed, because it may be the token.
			return nil, fmt.Errorf("must be name:token, with names out of auth, character, packet, world, website, operator; entry %d begins with another", i+1)
		}
		if len(token) < 16 {
			return nil, fmt.Errorf("must give %s a token of 16 characters or more", name)
		}
		if strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return nil, fmt.Errorf("must give %s a token of visible ASCII characters without spaces", name)
		}
		if len(tokens[name]) == 2 {
			return nil, fmt.Errorf("must name each caller once, or twice while its token changes; %s is there three times", name)
		}
		if other, shared := callers[token]; shared && other == name {
			return nil, fmt.Errorf("must give %s two different tokens", name)
		} else if shared {
			return nil, fmt.Errorf("must give each caller a token of its own; %s and %s have the same", other, name)
		}
		tokens[name], callers[token] = append(tokens[name], token), name
	}
	return tokens, nil
}

// guard is what the table and the tokens say about one method.
type guard struct {
	open   bool     // anyone may call
	listed bool     // the method is in the table
	tokens []string // that let a caller in
	closed bool     // tokens are in use
}

// guard computes what has to be known about the callers of a method.
func (a Access) guard(method string) guard {
	callers, listed := Callers(method)
	g := guard{listed: listed, closed: len(a.Tokens) > 0, open: slices.Contains(callers, Anyone)}
	for _, c := range append([]string{Operator}, callers...) {
		g.tokens = append(g.tokens, a.Tokens[c]...)
	}
	return g
}

// check returns an error if a call may not go on. local means that it came over
// loopback or an in-memory listener.
func (g *guard) check(token string, local bool) error {
	switch {
	case !g.listed:
		return errs.New(errs.Unauthenticated, "METHOD_NOT_LISTED", "the method is not in the table of callers")
	case g.open || local && !g.closed:
		return nil
	case !g.closed:
		return errs.New(errs.Unauthenticated, "TOKENS_NEEDED",
			"this method is for other parts only; set SERVICE_TOKENS on both sides to call it over a network")
	}
	for _, want := range g.tokens {
		if subtle.ConstantTimeCompare([]byte(want), []byte(token)) == 1 {
			return nil
		}
	}
	return errs.New(errs.Unauthenticated, "CALLER_UNKNOWN", "the caller's token is not one that may call this method; see SERVICE_TOKENS")
}
