package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// shaped is a store that can describe the website's tables.
type shaped interface {
	Shape(ctx context.Context) ([]string, error)
	// WebsiteHealth returns an error, with what repairs it, while rows of the
	// website are hidden or many seem to be missing.
	WebsiteHealth(ctx context.Context) error
}

// Website notices when the website's tables are no longer as they were at the
// start of the part. Columns are looked for only once: without this check,
// columns of a plugin that the website adds later, such as bans, would be
// ignored without notice.
type Website struct {
	look    shaped
	then    []string
	changed atomic.Pointer[string] // what was added or is gone since the start
	hidden  atomic.Pointer[string] // why some rows may not be visible
}

// NewWebsite looks at the tables.
func NewWebsite(ctx context.Context, s shaped) (*Website, error) {
	then, err := s.Shape(ctx)
	if err != nil {
		return nil, err
	}
	w := &Website{look: s, then: then}
	w.hidden.Store(hiddenRows(s.WebsiteHealth(ctx)))
	return w, nil
}

// hiddenRows returns the text of an error about hidden rows; nil for any other
// error, for example if the store cannot be reached.
func hiddenRows(err error) *string {
	if errs.ReasonOf(err) != store.ErrWebsiteHidden.Reason {
		return nil
	}
	return &errs.Of(err).Msg
}

// Follow looks again once in an interval, until ctx ends. If it cannot look,
// other checks report the cause.
func (w *Website) Follow(ctx context.Context, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !w.lookForRows(ctx, log) {
			continue
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
			log.ErrorContext(ctx, "the website's tables have changed: restart this part, because it still uses what it found at the start", "change", diff)
		}
	}
}

// lookForRows reports whether all rows are visible.
func (w *Website) lookForRows(ctx context.Context, log *slog.Logger) bool {
	err := w.look.WebsiteHealth(ctx)
	text := hiddenRows(err)
	was := w.hidden.Swap(text)
	switch {
	case err != nil && text == nil: // the rows could not be looked at: the last result stays
		w.hidden.Store(was)
		return false
	case text != nil && (was == nil || *was != *text):
		log.ErrorContext(ctx, "rows of the website are hidden or missing: players stay, but users whose rows are not found cannot sign in", "cause", *text)
	case text == nil && was != nil:
		log.InfoContext(ctx, "the rows of the website are visible again")
	}
	return text == nil
}

// Reasons of Check.
const (
	reasonHidden  = "hidden"
	reasonChanged = "changed"
)

// WebsiteReasons are the reasons of Check; see health.Check.
func WebsiteReasons() []string { return []string{reasonHidden, reasonChanged} }

// Check returns an error while rows are hidden or missing, or if the tables
// have changed since the start.
func (w *Website) Check(context.Context) error {
	if text := w.hidden.Load(); text != nil {
		return health.Because(reasonHidden, errors.New(*text))
	}
	if diff := w.changed.Load(); diff != nil {
		return health.Because(reasonChanged, fmt.Errorf("the website's tables have changed since the start, restart this part: %s", *diff))
	}
	return nil
}

// difference returns a text with the lines that are not in both lists, "" for
// none.
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
