// Package errs gives an error what its readers decide by: a Kind (what class
// of thing went wrong), a Reason (a stable word that programs compare) and a
// sentence that may be shown to the caller. The cause stays inside the
// process: it is for the log, and no edge sends it out.
package errs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is the class of an error. internal/rpc maps each kind to one gRPC code
// and the packet gateway maps kinds and reasons to the client's result bytes.
type Kind uint8

// The kinds. Internal is the zero value: an error that nobody classified is
// ours, and its text is never shown to a caller.
const (
	Internal Kind = iota
	InvalidArgument
	NotFound
	AlreadyExists
	FailedPrecondition
	Aborted
	PermissionDenied
	Unauthenticated
	ResourceExhausted
	Unavailable
	DeadlineExceeded
	Canceled
)

var kindNames = [...]string{ //nolint:gochecknoglobals // a constant table
	"internal", "invalid argument", "not found", "already exists",
	"failed precondition", "aborted", "permission denied", "unauthenticated",
	"resource exhausted", "unavailable", "deadline exceeded", "canceled",
}

// String returns the kind in lower-case words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Kinds returns every kind, Internal first.
func Kinds() []Kind {
	ks := make([]Kind, len(kindNames))
	for i := range ks {
		ks[i] = Kind(i) //nolint:gosec // bounded by the table
	}
	return ks
}

// Error is a classified error. Two of them match under errors.Is when kind
// and reason are equal, so a sentinel still matches after it has crossed the
// wire and after text or a cause has been added.
type Error struct {
	Kind   Kind
	Reason string // UPPER_SNAKE, stable; empty when the kind says it all
	Msg    string // safe to show to the caller
	Field  string // the request field at fault, for InvalidArgument
	Cause  error  // for logs only
	// RetryAfter is how long the caller should wait before trying again; 0 where
	// nothing is known of that.
	RetryAfter time.Duration
}

// New returns an error with a reason and a public sentence.
func New(k Kind, reason, msg string) *Error {
	return &Error{Kind: k, Reason: reason, Msg: msg}
}

// Invalid returns an InvalidArgument error that names the field at fault.
func Invalid(field, msg string) *Error {
	return &Error{Kind: InvalidArgument, Reason: "INVALID_" + upperSnake(field), Field: field, Msg: msg}
}

// Wrap returns a copy of e that carries cause.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// With returns a copy of e with another public sentence.
func (e *Error) With(format string, args ...any) *Error {
	c := *e
	c.Msg = fmt.Sprintf(format, args...)
	return &c
}

// RetryIn returns a copy of e that asks the caller to wait.
func (e *Error) RetryIn(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// Error returns the public sentence, prefixed with the field where there is
// one and followed by the cause. It is meant for logs; callers over an edge
// get Msg alone.
func (e *Error) Error() string {
	s := e.Msg
	if s == "" {
		s = e.Kind.String()
	}
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target has the same kind and reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Reason == e.Reason
}

// Of returns the first classified error in err's chain. Context errors are
// classified too; anything else is Internal with err as its cause. Of(nil) is
// nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: DeadlineExceeded, Reason: "DEADLINE_EXCEEDED", Msg: "the deadline passed", Cause: err}
	case errors.Is(err, context.Canceled):
		return &Error{Kind: Canceled, Reason: "CANCELED", Msg: "the caller went away", Cause: err}
	}
	return &Error{Kind: Internal, Reason: "INTERNAL", Msg: "internal error", Cause: err}
}

// KindOf returns the kind of err; Internal for an unclassified error.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return Internal
}

// ReasonOf returns the reason of err, "" for nil.
func ReasonOf(err error) string {
	if e := Of(err); e != nil {
		return e.Reason
	}
	return ""
}

func upperSnake(s string) string {
	b := make([]byte, 0, len(s)+4)
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z':
			b = append(b, c-'a'+'A')
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
			b = append(b, c)
		default:
			b = append(b, '_')
		}
	}
	return string(b)
}
