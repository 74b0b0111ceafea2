package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// PasswordStamp tells the passwords that a play rests on, as they were when it
// began, from changed ones: the state of the website's password and, for a
// sign-in by game password, of that. Empty where neither is known.
type PasswordStamp string

// PasswordState is one state of a password, told by what is kept of it: 32
// hexadecimal digits, "" where nothing is kept. It says nothing of the password.
func PasswordState(kept string) string {
	if kept == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(kept))
	return hex.EncodeToString(sum[:16])
}

// StampPasswords returns the stamp of two states; "" for one that is not known
// or does not matter.
func StampPasswords(site, game string) PasswordStamp {
	if site == "" && game == "" {
		return ""
	}
	return PasswordStamp(site + "." + game)
}

// SiteOf returns the state of the website's password in the stamp of a game
// password, told by its hash; "" where the stamp is of another one.
func (s PasswordStamp) SiteOf(hash string) string {
	site, game, _ := strings.Cut(string(s), ".")
	if hash == "" || game != PasswordState(hash) {
		return ""
	}
	return site
}

// Passwords are what is kept of a user's passwords now.
type Passwords struct {
	// Site is of the website's rows that hold the password; "" where there is
	// none. SiteHidden says that this store may not look.
	Site       string
	SiteHidden bool
	// Game is the hash of the game password; "" where there is none.
	Game string
}

// Judge returns ErrPasswordChanged when one of the passwords that the stamp is
// of is another now, or gone. A password that was not there at the time, or that
// could not be looked at then or cannot be now, is none that was changed.
func (s PasswordStamp) Judge(now Passwords) error {
	site, game, _ := strings.Cut(string(s), ".")
	if site != "" && !now.SiteHidden && site != PasswordState(now.Site) ||
		game != "" && game != PasswordState(now.Game) {
		return ErrPasswordChanged
	}
	return nil
}
