package auth

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// What the website accepts as an e-mail address and as a user name. Both are
// ASCII, so that lower case means the same everywhere.
var (
	emailRE    = regexp.MustCompile(`^[A-Za-z0-9_'+.-]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}$`)
	usernameRE = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)
)

// checkEmail returns an error if the website would not accept a text as an
// e-mail address.
func checkEmail(s string) error {
	if !emailRE.MatchString(s) || strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return errs.Invalid("email", "must be an e-mail address")
	}
	return nil
}

// checkUsername returns an error if the website would not accept a text as a
// user name.
func (c *Config) checkUsername(s string) error {
	if n := len(s); n < c.UsernameMin || n > c.UsernameMax || !usernameRE.MatchString(s) {
		return errs.Invalid("username", fmt.Sprintf("must be %d to %d letters, digits, underscores or dots", c.UsernameMin, c.UsernameMax))
	}
	return nil
}

// checkLength returns an error if the website would refuse a password as too
// long. It counts as JavaScript does: a character beyond the first 65,536
// counts twice. A short password is not refused: it may be older than the rule.
func (c *Config) checkLength(password string) error {
	if len(utf16.Encode([]rune(password))) > c.PasswordMax {
		return errs.Invalid("password", fmt.Sprintf("must not be longer than %d characters", c.PasswordMax))
	}
	return nil
}
