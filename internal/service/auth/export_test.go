package auth

import (
	"encoding/hex"
	"time"
)

// Verify is the check of a stored hash.
func Verify(hash, form string) bool { return verify(hash, form) }

// SiteHash hashes as the website does, with a salt that is always the same.
func SiteHash(password string) string {
	const salt = "000102030405060708090a0b0c0d0e0f"
	return salt + ":" + hex.EncodeToString(siteKey(password, salt))
}

// PlacesOf are the address and the networks that an address is counted with, the
// narrowest first.
func PlacesOf(address string) [4]string {
	a, err := parseAddress(address)
	if err != nil {
		return [4]string{}
	}
	y := attemptFrom(a)
	return [4]string{y.Address, y.Network, y.Wide, y.Widest}
}

// SetEndingWait sets how long the end of the play of a used ticket is waited for. It
// is called before the part serves.
func (s *Server) SetEndingWait(d time.Duration) { s.endingWait = d }

// SetClosingWait sets how long a sign-in waits for the end of an earlier one. It
// is called before the part serves.
func (s *Server) SetClosingWait(d time.Duration) { s.closingWait = d }

// ClosingWait is how long that is otherwise.
const ClosingWait = closingWait

// TokenTries is how many tokens HandOver draws.
const TokenTries = tokenTries

// DummyHash is the hash that is verified where a user has none.
func DummyHash() string { return dummyHash() }
