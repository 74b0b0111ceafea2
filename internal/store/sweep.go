package store

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// What the sweep allows in one round when SweepRules do not allow more.
const (
	// SweepGone is how many persons may go.
	SweepGone = 10
	// SweepGonePercent is how many percent of all may, where that is more.
	SweepGonePercent = 5
	// SweepGrace is how long a character can wait for its owner to be there
	// again.
	SweepGrace = 7 * 24 * time.Hour
)

// Refusals of a sweep, which then ends nothing; ErrWebsiteHidden is another.
var (
	// ErrNoUsers: as while the website's table is restored.
	ErrNoUsers = errs.New(errs.FailedPrecondition, "NO_USERS",
		"the website has no users at all, as while its table is restored: nobody counts as gone")
	// ErrManyGone: more persons vanished at once than leave.
	ErrManyGone = errs.New(errs.FailedPrecondition, "MANY_USERS_GONE", "many users are gone at once")
)

// SweepRules say what a sweep may do.
type SweepRules struct {
	// Grace is how long the characters of a person who is gone are kept.
	Grace time.Duration
	// MaxGone is how many persons may be found gone in one round; the round's own
	// limit, SweepGone or SweepGonePercent of all, where that is more.
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

// Judge returns ErrManyGone when of all persons so many are newly gone that they
// have hardly left.
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
	Persons  int // who have something here
	Marked   int // characters marked, because their owner is gone
	Returned int // characters whose mark was taken back
	Purged   int // characters whose mark has become final
	Removed  int // game accounts, play records, tickets, and counts of tries
}
