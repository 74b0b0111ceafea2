package sqlite

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// PurgeCharacters implements store.Purger. The write lock lets one process at
// a time purge.
func (s *Store) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	if limit < 1 || limit > store.MaxBatch {
		return 0, errs.Invalid("limit", "must be 1 to 1000")
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
