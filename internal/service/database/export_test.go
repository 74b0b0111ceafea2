package database

// TokenReader returns what reads presented tokens, for tests.
func TokenReader(secrets ...string) func(presented string) (token string, ok bool) {
	return newTokens(secrets).read
}
