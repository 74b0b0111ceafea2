package postgres

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// skeletonLock is the class of the advisory lock under which skeletons of
// names are made.
const skeletonLock int32 = 0x736b656c

// skeletonBatch is how many rows one transaction gives their skeletons; saves
// of these wait meanwhile.
const skeletonBatch = 500

// skeletonTries is how often a batch is tried if a name that looks alike is
// created at the same time.
const skeletonTries = 10

// makeSkeletons gives a skeleton to the names that have none: a migration may
// have emptied them, and older binaries do not write them. Names stay as they
// are, also those that look alike. If there is nothing to do, it costs one look
// at an empty index.
func (s *Store) makeSkeletons(ctx context.Context) error {
	for tries := 0; ; {
		missing, err := s.q.SkeletonMissing(ctx)
		if err != nil || !missing {
			return translate(ctx, "look for names without a skeleton", err)
		}
		err = s.inTx(ctx, func(q *db.Queries) error { return makeSkeletonBatch(ctx, q) })
		if violates(err, skeletonUnique) && tries < skeletonTries {
			tries++
			continue
		}
		if err != nil {
			return translate(ctx, "make skeletons of names", err)
		}
	}
}

func makeSkeletonBatch(ctx context.Context, q *db.Queries) error {
	if err := q.LockWork(ctx, skeletonLock); err != nil {
		return err
	}
	rows, err := q.LockWithoutSkeleton(ctx, skeletonBatch)
	if err != nil || len(rows) == 0 {
		return err
	}
	ids, skeletons := make([]int64, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		ids[i], skeletons[i] = r.ID, store.NameSkeleton(r.Name)
	}
	return q.SetSkeletons(ctx, ids, skeletons)
}
