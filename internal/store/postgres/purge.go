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

// PurgeCharacters implements store.Purger. It skips locked rows, for example
// during a restoration.
func (s *Store) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	if limit < 1 || limit > store.MaxBatch {
		return 0, errs.Invalid("limit", "must be 1 to 1000")
	}
	var n int64
	err := s.inTx(ctx, func(q *db.Queries) error {
		locked, err := q.TryLock(ctx, purgeLock)
		if err != nil || !locked {
			return err
		}
		n, err = q.PurgeCharacters(ctx, s.now(), int32(limit)) //nolint:gosec // bounded above
		return err
	})
	if err != nil {
		return 0, translate(ctx, "purge characters", err)
	}
	return int(n), nil
}
