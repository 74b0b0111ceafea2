package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// attempt is a count of attempts and its limit.
type attempt struct {
	db.GameAttempt
	limit store.AttemptLimit
}

// person sets the person in a count of an account.
func (a *attempt) person(userID string, created *int64) {
	if userID != "" && len(a.Account) > 0 {
		a.UserID, a.UserCreatedAt = &userID, created
	}
}

// countedAt returns an attempt with the account under which it is counted, and
// when the website created its user; nil if there is no user.
func (t *tx) countedAt(ctx context.Context, a store.Attempt) (store.Attempt, *int64, error) {
	if a.UserID == "" {
		return a, nil, nil
	}
	there, err := t.person(ctx, a.UserID)
	if err != nil {
		return a, nil, err
	}
	a.Account = a.CountedAs(there)
	return a, passing(there), nil
}

// attempt reads a count. If there is no row, the count is 0. Fractions of
// milliseconds in the limit are dropped.
func (t *tx) attempt(ctx context.Context, account []byte, network string, l store.AttemptLimit) (attempt, error) {
	row, err := t.GetAttempt(ctx, db.GetAttemptParams{Account: account, Network: network})
	if errors.Is(err, sql.ErrNoRows) {
		row, err = db.GameAttempt{Account: account, Network: network}, nil
	}
	l.First, l.Longest = l.First.Truncate(time.Millisecond), l.Longest.Truncate(time.Millisecond)
	return attempt{row, l}, err
}

// knownAt reports whether the network is known to the account at a time.
func (a *attempt) knownAt(now int64) bool { return a.KnownUntil != nil && *a.KnownUntil > now }

// forget resets the count when its memory is over, or when the device is no
// longer known. Attempts from a known device are in no other count, and
// EndAttempt would subtract them from the others.
func (a *attempt) forget(now int64) {
	lapsed := a.KnownUntil != nil && *a.KnownUntil <= now
	if lapsed || a.TriedAt+a.limit.Memory.Milliseconds() <= now {
		a.Tries, a.Forgiven = 0, false
	}
	if lapsed {
		a.KnownUntil = nil
	}
}

// wait returns how many milliseconds an attempt has to wait.
func (a *attempt) wait(now int64) int64 {
	if a.Forgiven {
		return 0
	}
	// If the clock was ahead when the last attempt was counted, the wait does
	// not become longer.
	return max(0, a.limit.Delay(int(a.Tries)).Milliseconds()-max(0, now-a.TriedAt))
}

// count adds an attempt.
func (a *attempt) count(now int64) {
	a.Tries, a.TriedAt, a.Forgiven = a.Tries+1, now, false
	a.KeptUntil = now + a.limit.Memory.Milliseconds()
	if a.KnownUntil != nil {
		a.KeptUntil = max(a.KeptUntil, *a.KnownUntil)
	}
}

// BeginAttempt implements store.Attempts. The write lock lets one attempt at a
// time be judged. It also deletes counts that are over.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	if err := a.Validate(); err != nil {
		return store.Admission{}, err
	}
	if err := l.Validate(a); err != nil {
		return store.Admission{}, err
	}
	var admission store.Admission
	err := s.write(ctx, "begin attempt", func(t *tx) error {
		now := millis(t.now)
		a, created, err := t.countedAt(ctx, a)
		if err != nil {
			return err
		}
		counts, known, err := t.counts(ctx, a, l)
		if err != nil {
			return err
		}
		admission = known
		var wait int64
		for i := range counts {
			counts[i].forget(now)
			wait = max(wait, counts[i].wait(now))
		}
		admission.Wait = time.Duration(wait) * time.Millisecond
		if wait == 0 {
			for i := range counts {
				counts[i].count(now)
				counts[i].person(a.UserID, created)
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
	return admission, nil
}

// counts returns the counts whose limits apply to an attempt, and whether its
// network and address are known.
func (t *tx) counts(ctx context.Context, a store.Attempt, l store.AttemptLimits) (counts []attempt, known store.Admission, err error) {
	now := millis(t.now)
	if a.Address != "" {
		device, err := t.attempt(ctx, a.Account[:], a.Address, l.Device)
		if err != nil {
			return nil, known, err
		}
		if device.knownAt(now) {
			return []attempt{device}, store.Admission{Known: true, KnownAddress: true}, nil
		}
	}
	neighbours, err := t.attempt(ctx, a.Account[:], a.Network, l.Device)
	if err != nil {
		return nil, known, err
	}
	known.Known = neighbours.knownAt(now)
	if l.KnownAddressOnly {
		return nil, known, nil
	}
	counts = []attempt{neighbours}
	if known.Known {
		return counts, known, nil
	}
	for _, c := range []struct {
		account []byte
		network string
		limit   store.AttemptLimit
	}{{a.Account[:], "", l.Account}, {[]byte{}, a.Network, l.Network}, {[]byte{}, a.Wide, l.Wide}, {[]byte{}, a.Widest, l.Widest}} {
		if len(c.account) == 0 && c.network == "" {
			continue
		}
		one, err := t.attempt(ctx, c.account, c.network, c.limit)
		if err != nil {
			return nil, known, err
		}
		counts = append(counts, one)
	}
	return counts, known, nil
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
		a, created, err := t.countedAt(ctx, a)
		if err != nil {
			return err
		}
		neighbours, err := t.attempt(ctx, a.Account[:], a.Network, store.AttemptLimit{})
		if err != nil {
			return err
		}
		until := millis(t.now.Add(knownFor))
		anew := attempt{GameAttempt: db.GameAttempt{
			Account: a.Account[:], Network: a.Network, TriedAt: millis(t.now), KnownUntil: &until, KeptUntil: until,
		}}
		anew.person(a.UserID, created)
		if a.Address != "" {
			device, err := t.attempt(ctx, a.Account[:], a.Address, store.AttemptLimit{})
			if err != nil {
				return err
			}
			known := device.knownAt(millis(t.now))
			here := anew
			here.Network = a.Address
			if err := t.SetAttempt(ctx, db.SetAttemptParams(here.GameAttempt)); err != nil {
				return err
			}
			if known { // the attempts of neighbours stay counted
				neighbours.KnownUntil, neighbours.KeptUntil = &until, max(neighbours.KeptUntil, until)
				neighbours.person(a.UserID, created)
				return t.SetAttempt(ctx, db.SetAttemptParams(neighbours.GameAttempt))
			}
		}
		if neighbours.KnownUntil == nil { // otherwise its attempts are in no other count
			if err := errors.Join(
				t.takeOff(ctx, a.Account[:], "", neighbours), t.takeOff(ctx, []byte{}, a.Network, neighbours),
				t.takeOff(ctx, []byte{}, a.Wide, neighbours), t.takeOff(ctx, []byte{}, a.Widest, neighbours),
			); err != nil {
				return err
			}
		}
		return t.SetAttempt(ctx, db.SetAttemptParams(anew.GameAttempt))
	})
}

// takeOff subtracts the attempts of a device from a count. Without account and
// network there is no count.
func (t *tx) takeOff(ctx context.Context, account []byte, network string, device attempt) error {
	if len(account) == 0 && network == "" {
		return nil
	}
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
