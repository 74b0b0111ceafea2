package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxUsage bounds a usage text, in characters.
const MaxUsage = 400

// CheckUsage says what keeps a usage text from being a sentence: it begins
// with a capital letter or a digit, ends with a full stop, stands on one line
// and has at most MaxUsage characters. Tests run it over Registry.Settings.
func CheckUsage(usage string) error {
	first, _ := utf8.DecodeRuneInString(usage)
	switch {
	case !unicode.IsUpper(first) && !unicode.IsDigit(first):
		return errors.New("must begin with a capital letter")
	case !strings.HasSuffix(usage, "."):
		return errors.New("must end with a full stop")
	case strings.ContainsAny(usage, "\r\n\t"):
		return errors.New("must stand on one line")
	case utf8.RuneCountInString(usage) > MaxUsage:
		return fmt.Errorf("must have at most %d characters", MaxUsage)
	}
	return nil
}
