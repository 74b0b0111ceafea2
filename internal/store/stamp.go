package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// PasswordStamp stands for the passwords at the beginning of a play: the state
// of the website's password and, after a sign-in by game password, that of the
// game password. With it a changed password is noticed. It is empty if neither
// is known.
type PasswordStamp string

// PasswordState returns a digest of what is stored of a password: 32 hexadecimal
// digits, "" if nothing is stored. It reveals nothing about the password.
func PasswordState(kept string) string {
	if kept == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(kept))
	return hex.EncodeToString(sum[:16])
}

// StampPasswords returns the stamp of two states. A state is "" if it is not
// known or does not matter.
func StampPasswords(site, game string) PasswordStamp {
	if site == "" && game == "" {
		return ""
	}
	return PasswordStamp(site + "." + game)
}

// SiteOf returns the state of the website's password in a stamp, if the stamp
// is of the game password with this hash; otherwise "".
func (s PasswordStamp) SiteOf(hash string) string {
	site, game, _ := strings.Cut(string(s), ".")
	if hash == "" || game != PasswordState(hash) {
		return ""
	}
	return site
}

// Passwords is what is stored of a user's passwords now.
type Passwords struct {
	// Site is the state of the website's password rows; "" if there are none.
	// SiteHidden: this store may not read them.
	Site       string
	SiteHidden bool
	// Game is the hash of the game password; "" if there is none.
	Game string
}

// Judge returns ErrPasswordChanged if one of the passwords in the stamp has
// changed or is gone. A password that did not exist at the time, or that could
// not be read then or cannot be read now, does not count as changed.
func (s PasswordStamp) Judge(now Passwords) error {
	site, game, _ := strings.Cut(string(s), ".")
	if site != "" && !now.SiteHidden && site != PasswordState(now.Site) ||
		game != "" && game != PasswordState(now.Game) {
		return ErrPasswordChanged
	}
	return nil
}
