package database

import (
	"context"
	"log/slog"
	"time"
)

// purgeBatch bounds one transaction of the purge.
const purgeBatch = 500

// purger removes what is marked and over.
type purger interface {
	PurgeCharacters(ctx context.Context, limit int) (int, error)
}

// Purge removes characters whose deletion has become final, at an interval,
// until ctx ends. It may run in every replica.
func Purge(ctx context.Context, p purger, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
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
