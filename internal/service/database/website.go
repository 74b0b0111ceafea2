package database

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// shaped says what it finds of the website's tables, a line each.
type shaped interface {
	Shape(ctx context.Context) ([]string, error)
}

// Website tells when the website's tables are no longer what they were when the
// part started: columns are looked for once, and those of a plugin that the
// website adds later, such as of its bans, would be passed over in silence.
type Website struct {
	look    shaped
	then    []string
	changed atomic.Pointer[string] // what is there now and was not, or the other way round
}

// NewWebsite looks at the tables.
func NewWebsite(ctx context.Context, s shaped) (*Website, error) {
	then, err := s.Shape(ctx)
	if err != nil {
		return nil, err
	}
	return &Website{look: s, then: then}, nil
}

// Follow looks again at an interval, until ctx ends. What keeps it from looking
// is told by others.
func (w *Website) Follow(ctx context.Context, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, err := w.look.Shape(ctx)
		if err != nil {
			continue
		}
		diff := difference(w.then, now)
		if diff == "" {
			w.changed.Store(nil)
			continue
		}
		if was := w.changed.Swap(&diff); was == nil || *was != diff {
			log.ErrorContext(ctx, "the website's tables have changed: restart this part, which goes by what it found when it started", "change", diff)
		}
	}
}

// Check is an error while the tables are others than at the start.
func (w *Website) Check(context.Context) error {
	if diff := w.changed.Load(); diff != nil {
		return fmt.Errorf("the website's tables have changed since the start, restart this part: %s", *diff)
	}
	return nil
}

// difference says which lines are not in both lists, "" for none.
func difference(then, now []string) string {
	var parts []string
	for _, line := range then {
		if !slices.Contains(now, line) {
			parts = append(parts, "was "+line)
		}
	}
	for _, line := range now {
		if !slices.Contains(then, line) {
			parts = append(parts, "is "+line)
		}
	}
	return strings.Join(parts, "; ")
}
