package database

import "github.com/waystone-mmo/waystone/internal/store"

// TokenReader returns what reads presented tokens, for tests.
func TokenReader(secrets ...string) func(presented string) (token string, ok bool) {
	return newTokens(secrets).read
}

// NewSessions returns the service of sessions alone, for tests.
func NewSessions(s store.Sessions, secrets ...string) *Sessions {
	return &Sessions{store: s, tokens: newTokens(secrets)}
}

// NewAuthStore returns the service of the auth part, for tests.
func NewAuthStore(s store.Store, secrets ...string) *AuthStore {
	return &AuthStore{store: s, tokens: newTokens(secrets)}
}
