package postgres

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// idType is the type of an id column, as pg_type names it. Everywhere else an
// id is text.
type idType string

// holds reports whether s is an id of this type, spelled as the database would
// print it. Any other text names nothing. It is refused here, because the
// database could fail on it or take " 1" for 1.
func (t idType) holds(s string) bool {
	switch t {
	case "int2":
		return canonicalInt(s, 16)
	case "int4":
		return canonicalInt(s, 32)
	case "int8":
		return canonicalInt(s, 64)
	case "uuid":
		return canonicalUUID(s)
	}
	return s != "" && storable(s) && (t != "bpchar" || !strings.HasSuffix(s, " "))
}

// family returns the same value for types that can be compared without a cast.
func (t idType) family() string {
	switch t {
	case "int2", "int4", "int8":
		return "integer"
	case "uuid":
		return "uuid"
	}
	return "text"
}

// bind returns parameter n, a text, as a value of this type.
func (t idType) bind(n int) string { return "$" + strconv.Itoa(n) + "::text" + t.cast("") }

// bindMany returns parameter 1, an array of text, as an array of this type.
func (t idType) bindMany() string { return "$1::text[]" + t.cast("[]") }

func (t idType) cast(suffix string) string {
	switch t {
	case "int2", "int4", "int8", "uuid", "bpchar": // a text compared with bpchar misses the index
		return "::" + string(t) + suffix
	}
	return ""
}

func canonicalInt(s string, bits int) bool {
	n, err := strconv.ParseInt(s, 10, bits)
	return err == nil && strconv.FormatInt(n, 10) == s
}

func canonicalUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// storable reports whether a text can be a value of PostgreSQL's type text,
// which holds neither broken UTF-8 nor the character 0.
func storable(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
