package packets

import (
	"log/slog"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// Secret is a ticket or the MD5 form of a password. It prints and logs as
// "[redacted]"; convert it to a string to use it.
type Secret string

const redacted = "[redacted]"

// String returns "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s *Secret) marshal(c *wire.Codec) {
	text := string(*s)
	c.Fixed(&text, SecretSize)
	*s = Secret(text)
}
