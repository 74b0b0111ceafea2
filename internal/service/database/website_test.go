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
)

// fakeShape is what is found, or why nothing could be.
type fakeShape struct {
	mu    sync.Mutex
	lines []string
	err   error
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

func TestAWebsiteThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	if _, err := database.NewWebsite(t.Context(), &fakeShape{err: away}); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}
