package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Cost of the website's hash, scrypt: 32 MiB.
const (
	siteHashN    = 16384
	siteHashR    = 16
	siteHashP    = 1
	siteHashKey  = 64  // bytes
	siteHashSalt = 16  // bytes, of those made here
	maxSiteSalt  = 128 // characters
)

// Bounds of a password for the website, in units of UTF-16: those of better-auth.
const (
	MinSitePassword = 8
	MaxSitePassword = 128
)

// HashSitePassword returns the hash of a password as the website makes one at a
// sign-up: salt:key, both in hexadecimal. It takes some 60 ms of one core.
func HashSitePassword(password string) (string, error) {
	if n := len(utf16.Encode([]rune(password))); n < MinSitePassword || n > MaxSitePassword {
		return "", errs.Invalid("password", fmt.Sprintf("must be %d to %d characters long", MinSitePassword, MaxSitePassword))
	}
	b := make([]byte, siteHashSalt)
	_, _ = rand.Read(b) // never fails
	salt := hex.EncodeToString(b)
	return salt + ":" + hex.EncodeToString(siteKey(password, salt)), nil
}

// siteDummyHash returns a hash in the website's form that no password has: its
// key is random. It costs as much to verify as any other.
func siteDummyHash() string {
	b := make([]byte, siteHashSalt+siteHashKey)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b[:siteHashSalt]) + ":" + hex.EncodeToString(b[siteHashSalt:])
}

// siteKey computes the key, of the password in Unicode's NFKC form. The salt is
// used as the text that is stored.
func siteKey(password, salt string) []byte {
	key, err := scrypt.Key([]byte(norm.NFKC.String(password)), []byte(salt), siteHashN, siteHashR, siteHashP, siteHashKey)
	if err != nil {
		panic(err) // only for other costs than these
	}
	return key
}

// parseSiteHash splits a stored hash into salt and key. It returns false for
// another shape, which a website with its own hash function stores.
func parseSiteHash(hash string) (salt string, key []byte, ok bool) {
	salt, text, _ := strings.Cut(hash, ":")
	key, err := hex.DecodeString(text)
	ok = err == nil && len(key) == siteHashKey && salt != "" && len(salt) <= maxSiteSalt
	return salt, key, ok
}

// VerifySitePassword reports whether a password is the one that the website hashed.
func VerifySitePassword(hash, password string) bool {
	salt, want, ok := parseSiteHash(hash)
	return ok && subtle.ConstantTimeCompare(siteKey(password, salt), want) == 1
}
