package database_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/store"
)

// fakeShape is what is found, or why nothing could be.
type fakeShape struct {
	mu     sync.Mutex
	lines  []string
	err    error
	hidden error
}

func (s *fakeShape) WebsiteHealth(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden
}

func (s *fakeShape) hides(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = err
}

func (s *fakeShape) Shape(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines, s.err
}

func (s *fakeShape) becomes(err error, lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines, s.err = lines, err
}

func TestAWebsiteThatHasChangedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		shape := &fakeShape{lines: []string{"user: without bans", "session: here"}}
		w, err := database.NewWebsite(t.Context(), shape)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.Follow(ctx, time.Minute, slog.New(slog.NewTextHandler(&out, nil)))
		minutes := func(n int) {
			time.Sleep(time.Duration(n) * time.Minute)
			synctest.Wait()
		}
		lines := func() int { return strings.Count(out.String(), "level=ERROR") }

		minutes(3)
		if err := w.Check(ctx); err != nil || lines() != 0 {
			t.Errorf("as it was: %v\n%s", err, &out)
		}
		shape.becomes(nil, "session: here", "user: with bans")
		minutes(3)
		if err := w.Check(ctx); err == nil || !strings.Contains(err.Error(), "was user: without bans; is user: with bans") || lines() != 1 {
			t.Errorf("with bans: %v\n%s", err, &out)
		}
		shape.becomes(errors.New("away"))
		minutes(2)
		if err := w.Check(ctx); err == nil || lines() != 1 {
			t.Errorf("away: %v\n%s", err, &out)
		}
		shape.becomes(nil, "user: with bans")
		minutes(2)
		if err := w.Check(ctx); err == nil || !strings.Contains(err.Error(), "was session: here") || lines() != 2 {
			t.Errorf("without sessions: %v\n%s", err, &out)
		}
		shape.becomes(nil, "user: without bans", "session: here")
		minutes(2)
		if err := w.Check(ctx); err != nil || lines() != 2 {
			t.Errorf("as it was again: %v\n%s", err, &out)
		}
	})
}

// Hidden rows are told before the shape is looked at, which they may change too,
// and as long as nobody can look again.
func TestRowsThatAreHiddenAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		shape := &fakeShape{lines: []string{"user: here"}}
		w, err := database.NewWebsite(t.Context(), shape)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.Follow(ctx, time.Minute, slog.New(slog.NewTextHandler(&out, nil)))
		for _, step := range []struct {
			hidden error
			want   string
		}{
			{store.ErrWebsiteHidden.With("CREATE POLICY p"), "CREATE POLICY p"},
			{store.ErrWebsiteHidden.With("CREATE POLICY p"), "CREATE POLICY p"},
			{store.ErrUnavailable, "CREATE POLICY p"},
			{nil, ""},
			{store.ErrUnavailable, ""},
		} {
			shape.hides(step.hidden)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if err := w.Check(ctx); (err == nil) != (step.want == "") || err != nil && err.Error() != step.want {
				t.Errorf("with %v: got %v, want %q", step.hidden, err, step.want)
			}
		}
		if n := strings.Count(out.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d errors are logged, want one:\n%s", n, &out)
		}
	})
	atStart, err := database.NewWebsite(t.Context(), &fakeShape{lines: []string{"x"}, hidden: store.ErrWebsiteHidden})
	if err != nil || atStart.Check(t.Context()) == nil {
		t.Errorf("hidden at the start: %v, and nothing is told", err)
	}
}

func TestAWebsiteThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	if _, err := database.NewWebsite(t.Context(), &fakeShape{err: away}); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}
