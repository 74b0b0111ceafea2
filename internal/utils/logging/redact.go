package logging

import (
	"fmt"
	"log/slog"
)

// redacted stands for a value that is not shown.
const redacted = "[redacted]"

// Redact is text that must not be read in a log: a token, a ticket, a password.
// It prints as [redacted] through slog, every verb of fmt, JSON and other text
// encodings; string(r) is the way to its value. The one thing it cannot guard
// is an unexported struct field printed by fmt, which fmt reads by reflection.
type Redact string

// LogValue hides the value from slog.
func (Redact) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the value.
func (Redact) String() string { return redacted }

// GoString hides the value from %#v.
func (Redact) GoString() string { return redacted }

// Format hides the value from every verb of fmt, %x and %d included.
func (Redact) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalText hides the value from encoders.
func (Redact) MarshalText() ([]byte, error) { return []byte(redacted), nil }
