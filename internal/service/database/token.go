package database

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

const (
	// maxToken bounds a raw token. better-auth's tokens have 32 characters, and
	// a site may create its own.
	maxToken = 128
	// signatureLength is the length of a SHA-256 in padded base64.
	signatureLength = 44
	// cookieName is the end of the name of better-auth's cookie. A site may put
	// its own prefix and the browser's __Secure- or __Host- before it.
	cookieName = "session_token"
)

// tokens parses what callers give as the token of a session.
type tokens struct {
	secrets [][]byte // a signature of any of them is valid; none: signatures are not verified
}

func newTokens(secrets []string) tokens {
	var t tokens
	for _, s := range secrets {
		t.secrets = append(t.secrets, []byte(s))
	}
	return t
}

// read returns the raw token. It accepts a raw token, and token.signature as
// better-auth signs it, plain or percent-encoded; each also as a cookie pair or
// behind the scheme Bearer. ok is false for anything else and for a wrong
// signature: such a text names no session.
func (t tokens) read(presented string) (token string, ok bool) {
	s := presented
	if isToken(s) {
		return s, true
	}
	if scheme, rest, found := strings.Cut(s, " "); found && strings.EqualFold(scheme, "Bearer") {
		s = strings.Trim(rest, " ")
	}
	// A signature may end in "=", but its alphabet has no "_".
	if name, value, found := strings.Cut(s, "="); found && strings.HasSuffix(name, cookieName) {
		s = value
	}
	if strings.Contains(s, "%") {
		var err error
		if s, err = url.PathUnescape(s); err != nil {
			return "", false
		}
	}
	token, signature, signed := strings.Cut(s, ".")
	if !isToken(token) || signed && !t.signed(token, signature) {
		return "", false
	}
	return token, true
}

// tokenCharacters are those of base64url.
var tokenCharacters = func() (set [256]bool) { //nolint:gochecknoglobals // a constant table
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		set[c] = true
	}
	return set
}()

// isToken reports whether s can be a raw token: 1 to maxToken characters of
// base64url.
func isToken(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		if !tokenCharacters[s[i]] {
			return false
		}
	}
	return true
}

// signed reports whether a signature is well-formed and, if there are secrets,
// made with one of them.
func (t tokens) signed(token, signature string) bool {
	if len(signature) != signatureLength {
		return false
	}
	got, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(got) != sha256.Size {
		return false
	}
	if len(t.secrets) == 0 {
		return true
	}
	// All secrets are tried, so that the time does not show which one fits.
	fits := false
	for _, secret := range t.secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(token))
		if hmac.Equal(mac.Sum(nil), got) {
			fits = true
		}
	}
	return fits
}
