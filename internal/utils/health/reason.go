package health

import (
	"errors"
	"slices"
)

// Failed is the reason of a failure that has no other.
const Failed = "failed"

// Because gives an error of a check the short reason that metrics have as a
// label; nil stays nil. The check has to list it, see Check.Reasons.
func Because(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &fault{reason: reason, cause: err}
}

type fault struct {
	reason string
	cause  error
}

func (f *fault) Error() string { return f.cause.Error() }

func (f *fault) Unwrap() error { return f.cause }

// reasonOf returns the reason of an error, if it is one of those known.
func reasonOf(err error, known []string) string {
	var f *fault
	if errors.As(err, &f) && slices.Contains(known, f.reason) {
		return f.reason
	}
	return Failed
}
