package sqlite

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

func checkLimit(limit int) error {
	if limit < 1 || limit > store.MaxBatch {
		return errs.Invalid("limit", "must be 1 to 1000")
	}
	return nil
}

// PurgeCharacters implements store.Purger. The write lock lets one process at
// a time purge.
func (s *Store) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	if err := checkLimit(limit); err != nil {
		return 0, err
	}
	var n int64
	err := s.write(ctx, "purge characters", func(t *tx) (err error) {
		now := millis(t.now)
		n, err = t.PurgeCharacters(ctx, db.PurgeCharactersParams{DeleteAt: &now, Limit: int64(limit)})
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// SweepCharacters implements store.Purger.
func (s *Store) SweepCharacters(ctx context.Context, after string, limit int) (next string, marked int, err error) {
	if err := checkLimit(limit); err != nil {
		return after, 0, err
	}
	// Looked for without the write lock: who is gone stays gone.
	owners, err := s.reading.ListOwners(ctx, db.ListOwnersParams{UserID: after, Limit: int64(limit)})
	if err != nil {
		return after, 0, s.fail(ctx, "sweep characters", err)
	}
	gone, err := store.GoneUsers(ctx, s, owners)
	if err != nil {
		return after, 0, err
	}
	if len(gone) > 0 {
		err = s.write(ctx, "sweep characters", func(t *tx) error {
			deleteAt := millis(t.now.Add(store.DeletionGrace))
			for _, userID := range gone {
				n, err := t.MarkCharactersOf(ctx, db.MarkCharactersOfParams{
					DeleteAt: &deleteAt, Now: millis(t.now), UserID: userID,
				})
				if err != nil {
					return err
				}
				marked += int(n)
			}
			return nil
		})
		if err != nil {
			return after, 0, err
		}
	}
	if len(owners) == limit {
		next = owners[limit-1]
	}
	return next, marked, nil
}
