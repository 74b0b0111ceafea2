package postgres

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// Classes of the advisory locks that let one replica at a time purge, and one
// sweep.
const (
	purgeLock int32 = 0x70757267
	sweepLock int32 = 0x73776570
)

func checkLimit(limit int) error {
	if limit < 1 || limit > store.MaxBatch {
		return errs.Invalid("limit", "must be 1 to 1000")
	}
	return nil
}

// alone runs f in a transaction that no other of its class runs beside; when
// there is one, it returns at once.
func (s *Store) alone(ctx context.Context, class int32, f func(q *db.Queries) error) error {
	return s.inTx(ctx, func(q *db.Queries) error {
		locked, err := q.TryLock(ctx, class)
		if err != nil || !locked {
			return err
		}
		return f(q)
	})
}

// PurgeCharacters implements store.Purger. It passes over a row that is locked,
// as by a restoration on its way.
func (s *Store) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	if err := checkLimit(limit); err != nil {
		return 0, err
	}
	var n int64
	err := s.alone(ctx, purgeLock, func(q *db.Queries) (err error) {
		n, err = q.PurgeCharacters(ctx, s.now(), int32(limit)) //nolint:gosec // bounded above
		return err
	})
	if err != nil {
		return 0, translate(ctx, "purge characters", err)
	}
	return int(n), nil
}

// SweepCharacters implements store.Purger.
func (s *Store) SweepCharacters(ctx context.Context, after string, limit int) (next string, marked int, err error) {
	if err := checkLimit(limit); err != nil {
		return after, 0, err
	}
	if !storable(after) {
		return after, 0, errs.Invalid("after", "must be the id of a user")
	}
	next = after // also when another replica sweeps
	err = s.alone(ctx, sweepLock, func(q *db.Queries) error {
		owners, err := q.ListOwners(ctx, after, int32(limit)) //nolint:gosec // bounded above
		if err != nil {
			return err
		}
		gone, err := store.GoneUsers(ctx, s, owners)
		if err != nil {
			return err
		}
		if len(gone) > 0 {
			now := s.now()
			deleteAt := now.Add(store.DeletionGrace)
			n, err := q.MarkCharactersOf(ctx, &deleteAt, now, gone)
			if err != nil {
				return err
			}
			marked = int(n)
		}
		next = ""
		if len(owners) == limit {
			next = owners[limit-1]
		}
		return nil
	})
	if err != nil {
		return after, 0, translate(ctx, "sweep characters", err)
	}
	return next, marked, nil
}
