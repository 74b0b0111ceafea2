package sqlite

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// skeletonBatch is how many rows are read at a time.
const skeletonBatch = 1000

// makeSkeletons is that of tx, without the write lock when there is nothing to
// do.
func (s *Store) makeSkeletons(ctx context.Context) error {
	const what = "make skeletons of names"
	missing, err := s.reading.ListWithoutSkeleton(ctx, 1)
	if err != nil || len(missing) == 0 {
		return s.fail(ctx, what, err)
	}
	return s.write(ctx, what, func(t *tx) error { return t.makeSkeletons(ctx) })
}

// makeSkeletons gives a skeleton to the names that have none: a migration may
// have emptied them, and older binaries do not write them. Names stay as they
// are, also those that look alike. If there is nothing to do, it costs one look
// at an empty index.
func (t *tx) makeSkeletons(ctx context.Context) error {
	for {
		rows, err := t.ListWithoutSkeleton(ctx, skeletonBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			skeleton := store.NameSkeleton(r.Name)
			if err := t.SetSkeleton(ctx, db.SetSkeletonParams{Skeleton: &skeleton, ID: r.ID}); err != nil {
				return err
			}
		}
	}
}
