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

// shaped says what it finds of the website's tables, a line each.
type shaped interface {
	Shape(ctx context.Context) ([]string, error)
	// WebsiteHealth is an error, with what mends it, while rows of the website are
	// hidden or many seem to be missing.
	WebsiteHealth(ctx context.Context) error
}

// Website tells when the website's tables are no longer what they were when the
// part started: columns are looked for once, and those of a plugin that the
// website adds later, such as of its bans, would be passed over in silence.
type Website struct {
	look    shaped
	then    []string
	changed atomic.Pointer[string] // what is there now and was not, or the other way round
	hidden  atomic.Pointer[string] // why rows cannot be relied upon to be all there are
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

// hiddenRows returns what an error says of hidden rows; nil for any other, such
// as of a store that cannot be reached.
func hiddenRows(err error) *string {
	if errs.ReasonOf(err) != store.ErrWebsiteHidden.Reason {
		return nil
	}
	return &errs.Of(err).Msg
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
			log.ErrorContext(ctx, "the website's tables have changed: restart this part, which goes by what it found when it started", "change", diff)
		}
	}
}

// lookForRows reports whether the rows can be relied upon.
func (w *Website) lookForRows(ctx context.Context, log *slog.Logger) bool {
	err := w.look.WebsiteHealth(ctx)
	text := hiddenRows(err)
	was := w.hidden.Swap(text)
	switch {
	case err != nil && text == nil: // it could not be looked at: what was found stays
		w.hidden.Store(was)
		return false
	case text != nil && (was == nil || *was != *text):
		log.ErrorContext(ctx, "rows of the website are hidden or missing: players stay, but nobody can sign in whose rows are not found", "cause", *text)
	case text == nil && was != nil:
		log.InfoContext(ctx, "the rows of the website are seen again")
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

// Check is an error while rows are hidden or missing, or the tables are others
// than at the start.
func (w *Website) Check(context.Context) error {
	if text := w.hidden.Load(); text != nil {
		return health.Because(reasonHidden, errors.New(*text))
	}
	if diff := w.changed.Load(); diff != nil {
		return health.Because(reasonChanged, fmt.Errorf("the website's tables have changed since the start, restart this part: %s", *diff))
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
