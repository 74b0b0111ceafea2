package database

import (
	"context"
	"log/slog"
	"time"
)

const (
	// purgeBatch bounds one transaction of the purge.
	purgeBatch = 500
	// sweepBatch is how many users one transaction of the sweep looks at, and
	// sweepBatches how many of those there are in one interval.
	sweepBatch   = 500
	sweepBatches = 10
)

// purger removes what is marked and over, and marks what belongs to nobody.
type purger interface {
	PurgeCharacters(ctx context.Context, limit int) (int, error)
	SweepCharacters(ctx context.Context, after string, limit int) (next string, marked int, err error)
}

// Purge removes characters whose deletion has become final and marks those of
// users who are gone, at an interval, until ctx ends. It may run in every
// replica: one at a time works, the others come back an interval later.
func Purge(ctx context.Context, p purger, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	after := "" // how far the sweep has come
	for {
		n, err := purgeAll(ctx, p)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.WarnContext(ctx, "the purge of deleted characters was interrupted", "cause", err.Error())
		case n > 0:
			log.InfoContext(ctx, "deleted characters were purged", "characters", n)
		}
		after, n, err = sweep(ctx, p, after)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.WarnContext(ctx, "the sweep for characters of users who are gone was interrupted", "cause", err.Error())
		case n > 0:
			log.InfoContext(ctx, "characters of users who are gone were marked for deletion", "characters", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func purgeAll(ctx context.Context, p purger) (total int, err error) {
	for {
		n, err := p.PurgeCharacters(ctx, purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

// sweep goes on behind a user and returns how far it came: "" at the end, from
// where the next one begins anew.
func sweep(ctx context.Context, p purger, after string) (next string, total int, err error) {
	for range sweepBatches {
		next, n, err := p.SweepCharacters(ctx, after, sweepBatch)
		total += n
		if err != nil || next == "" || next == after {
			return next, total, err
		}
		after = next
	}
	return after, total, nil
}
