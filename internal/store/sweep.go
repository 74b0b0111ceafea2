package store

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// What the sweep allows in one round if SweepRules do not allow more.
const (
	// SweepGone is how many persons may be newly gone.
	SweepGone = 10
	// SweepGonePercent is how many percent of all persons may be newly gone, if
	// that is more.
	SweepGonePercent = 5
	// SweepGrace is how long a character is kept after its owner was found
	// gone.
	SweepGrace = 7 * 24 * time.Hour
)

// Errors of a sweep that changed nothing. ErrWebsiteHidden is another one.
var (
	// ErrNoUsers: for example while the website's table is restored.
	ErrNoUsers = errs.New(errs.FailedPrecondition, "NO_USERS",
		"the website has no users at all, as during a restore of its table: nobody counts as gone")
	// ErrManyGone: more persons are newly gone at once than usually leave.
	ErrManyGone = errs.New(errs.FailedPrecondition, "MANY_USERS_GONE", "many users are gone at once")
)

// SweepRules say what a sweep may do.
type SweepRules struct {
	// Grace is how long the characters of a person who is gone are kept.
	Grace time.Duration
	// MaxGone is how many persons may be found newly gone in one round. If
	// SweepGone, or SweepGonePercent of all, is more, that counts.
	MaxGone int
}

// Validate returns what is wrong with the rules.
func (r SweepRules) Validate() error {
	switch {
	case r.Grace <= 0:
		return errs.Invalid("grace", "must be more than 0")
	case r.MaxGone < 0:
		return errs.Invalid("max_gone", "must not be negative")
	}
	return nil
}

// Judge returns ErrManyGone if more persons are newly gone than the rules allow.
func (r SweepRules) Judge(all, gone int) error {
	limit := max(r.MaxGone, SweepGone, all*SweepGonePercent/100)
	if gone <= limit {
		return nil
	}
	return ErrManyGone.With("%d of %d users who have something here are not in the website's table any more, and at most %d "+
		"may go at once: nothing was marked or removed. If the table is not whole, make it so. If they are gone for good, "+
		"start once with SWEEP_MAX_GONE=%d", gone, all, limit, gone)
}

// Swept is what a sweep did.
type Swept struct {
	Persons  int // persons who have something here
	Marked   int // characters marked, because their owner is gone
	Returned int // characters whose mark was taken back
	Purged   int // characters whose mark has become final
	Removed  int // game accounts, play records, tickets, and counts of attempts
}
