package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// attempt is a count of tries and the limit that it is held against.
type attempt struct {
	db.GameAttempt
	limit store.AttemptLimit
}

// attempt reads a count; one that is not there has no tries. Of its limit whole
// milliseconds count.
func (t *tx) attempt(ctx context.Context, account []byte, network string, l store.AttemptLimit) (attempt, error) {
	row, err := t.GetAttempt(ctx, db.GetAttemptParams{Account: account, Network: network})
	if errors.Is(err, sql.ErrNoRows) {
		row, err = db.GameAttempt{Account: account, Network: network}, nil
	}
	l.First, l.Longest = l.First.Truncate(time.Millisecond), l.Longest.Truncate(time.Millisecond)
	return attempt{row, l}, err
}

// knownAt reports whether the account is known from the network at an instant.
func (a *attempt) knownAt(now int64) bool { return a.KnownUntil != nil && *a.KnownUntil > now }

// forget begins the count anew when its memory is over, or when the device is
// not known any more: what was counted while it was is in no other count, and
// EndAttempt takes what the device has off the others.
func (a *attempt) forget(now int64) {
	lapsed := a.KnownUntil != nil && *a.KnownUntil <= now
	if lapsed || a.TriedAt+a.limit.Memory.Milliseconds() <= now {
		a.Tries, a.Forgiven = 0, false
	}
	if lapsed {
		a.KnownUntil = nil
	}
}

// wait returns how many milliseconds a try has to wait.
func (a *attempt) wait(now int64) int64 {
	if a.Forgiven {
		return 0
	}
	// A clock that was ahead when the last try was counted prolongs nothing.
	return max(0, a.limit.Delay(int(a.Tries)).Milliseconds()-max(0, now-a.TriedAt))
}

// count adds a try.
func (a *attempt) count(now int64) {
	a.Tries, a.TriedAt, a.Forgiven = a.Tries+1, now, false
	a.KeptUntil = now + a.limit.Memory.Milliseconds()
	if a.KnownUntil != nil {
		a.KeptUntil = max(a.KeptUntil, *a.KnownUntil)
	}
}

// BeginAttempt implements store.Attempts. The write lock lets one try at a time
// judge; it takes counts that are over along.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	if err := a.Validate(); err != nil {
		return store.Admission{}, err
	}
	if err := l.Validate(); err != nil {
		return store.Admission{}, err
	}
	var (
		known bool
		wait  int64
	)
	err := s.write(ctx, "begin attempt", func(t *tx) error {
		now := millis(t.now)
		device, err := t.attempt(ctx, a.Account[:], a.Network, l.Device)
		if err != nil {
			return err
		}
		known = device.knownAt(now)
		counts := []attempt{device}
		if !known {
			account, err := t.attempt(ctx, a.Account[:], "", l.Account)
			if err != nil {
				return err
			}
			network, err := t.attempt(ctx, []byte{}, a.Network, l.Network)
			if err != nil {
				return err
			}
			counts = append(counts, account, network)
		}
		for i := range counts {
			counts[i].forget(now)
			wait = max(wait, counts[i].wait(now))
		}
		if wait == 0 {
			for i := range counts {
				counts[i].count(now)
				if err := t.SetAttempt(ctx, db.SetAttemptParams(counts[i].GameAttempt)); err != nil {
					return err
				}
			}
		}
		return t.SweepAttempts(ctx, now)
	})
	if err != nil {
		return store.Admission{}, err
	}
	return store.Admission{Wait: time.Duration(wait) * time.Millisecond, Known: known}, nil
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if err := store.CheckKnownFor(knownFor); err != nil {
		return err
	}
	return s.write(ctx, "end attempt", func(t *tx) error {
		device, err := t.attempt(ctx, a.Account[:], a.Network, store.AttemptLimit{})
		if err != nil {
			return err
		}
		if device.KnownUntil == nil { // otherwise its tries are in no other count
			if err := errors.Join(t.takeOff(ctx, a.Account[:], "", device), t.takeOff(ctx, []byte{}, a.Network, device)); err != nil {
				return err
			}
		}
		until := millis(t.now.Add(knownFor))
		return t.SetAttempt(ctx, db.SetAttemptParams{
			Account: a.Account[:], Network: a.Network, TriedAt: millis(t.now), KnownUntil: &until, KeptUntil: until,
		})
	})
}

// takeOff takes the tries of a device off a count.
func (t *tx) takeOff(ctx context.Context, account []byte, network string, device attempt) error {
	c, err := t.attempt(ctx, account, network, store.AttemptLimit{})
	if err != nil || c.Tries == 0 {
		return err
	}
	c.Tries -= device.Tries
	if c.Tries <= 0 {
		return t.DeleteAttempt(ctx, db.DeleteAttemptParams{Account: account, Network: network})
	}
	c.Forgiven = c.Forgiven || c.TriedAt <= device.TriedAt
	return t.SetAttempt(ctx, db.SetAttemptParams(c.GameAttempt))
}
