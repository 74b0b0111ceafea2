package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// TokenForm says how the website stores the tokens of its sessions. The zero
// value is TokenPlain.
type TokenForm string

// The forms.
const (
	// TokenPlain is better-auth's own: the token itself.
	TokenPlain TokenForm = "plain"
	// TokenSHA256Hex is the SHA-256 of the token in 64 small hexadecimal digits.
	TokenSHA256Hex TokenForm = "sha256-hex"
	// TokenSHA256Base64URL is the SHA-256 of the token in 43 characters of
	// base64url without padding.
	TokenSHA256Base64URL TokenForm = "sha256-base64url" //nolint:gosec // the name of a form
)

// TokenForms returns all forms.
func TokenForms() []TokenForm {
	return []TokenForm{TokenPlain, TokenSHA256Hex, TokenSHA256Base64URL}
}

// Stored returns a token as the website stores it.
func (f TokenForm) Stored(token string) string {
	switch f {
	case TokenSHA256Hex:
		sum := sha256.Sum256([]byte(token))
		return hex.EncodeToString(sum[:])
	case TokenSHA256Base64URL:
		sum := sha256.Sum256([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	case TokenPlain:
	}
	return token
}

// Known reports whether there is such a form.
func (f TokenForm) Known() bool {
	switch f {
	case "", TokenPlain, TokenSHA256Hex, TokenSHA256Base64URL:
		return true
	}
	return false
}
