package sqlite_test

import (
	"errors"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

func TestParseWebsiteTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 23, 15, 39, 30, 67e6, time.UTC)
	for _, s := range []string{
		"2026-11-23T15:39:30.067Z",
		"2026-11-23T17:39:30.067+02:00",
		"2026-11-23T15:39:30.067",
		"2026-11-23 15:39:30.067",
		"2026-11-23 15:39:30.067+00:00",
		"2026-11-23 10:39:30.067-05:00",
		"1795448370067",
	} {
		if got, ok := sqlite.ParseWebsiteTime(s); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: got %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "never", "0", "2026", "NaN", "2026-11-23", "2026-13-45T00:00:00.000Z", "2026-11-23 17:04:00.5 +0000 UTC m=+3600.00"} {
		if got, ok := sqlite.ParseWebsiteTime(s); ok {
			t.Errorf("%q: got %v, want it refused", s, got)
		}
	}
}

// What no program can read must never make a session last or a ban end.
func TestUnreadableTimesFailClosed(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	users := storetest.Fixtures(t, "sqlite")
	session, user := users["spaces"].Sessions[0], users["spaces"]
	for _, end := range []string{"", "garbage", "2026-11-23 17:04:00.5 +0000 UTC m=+3600.00", "99999999"} {
		if _, err := w.DB.ExecContext(ctx, `UPDATE session SET "expiresAt" = ? WHERE id = ?`, end, session.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.GetSession(ctx, session.Token, store.Fresh)
		if !errors.Is(err, store.ErrSessionExpired) {
			t.Errorf("a session that ends %q: got %v, want it expired", end, err)
		}
		if _, _, err := s.RefreshSession(ctx, session.Token); !errors.Is(err, store.ErrSessionExpired) {
			t.Errorf("the refresh of a session that ends %q: got %v, want it expired", end, err)
		}
		verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{{SessionID: session.ID, UserID: user.ID}})
		if err != nil || !errors.Is(verdicts[0], store.ErrSessionExpired) {
			t.Errorf("the check of a session that ends %q: got %v, %v; want it expired", end, verdicts, err)
		}
	}
	w.SetExpiry(t, session.ID, time.Now().Add(time.Hour))
	if _, err := w.DB.ExecContext(ctx, `UPDATE "user" SET banned = 1, "banExpires" = 'garbage' WHERE id = ?`, user.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetSession(ctx, session.Token, store.Fresh); !errors.Is(err, store.ErrUserBanned) {
		t.Errorf("a ban with an unreadable end: got %v, want it to hold", err)
	}
}

// Other programs on the file store times in other ways; order by text would
// take a session that ended this morning for alive.
func TestForeignTimeFormats(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: path, Now: clock.Now})
	ctx := t.Context()
	session := storetest.Fixtures(t, "sqlite")["spaces"].Sessions[0]
	for _, layout := range []string{"2006-01-02T15:04:05.000Z", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05.000-07:00", "2006-01-02T15:04:05.000000Z"} {
		for _, left := range []time.Duration{-time.Millisecond, 0, time.Second} {
			at := clock.Now().Add(left)
			if _, err := w.DB.ExecContext(ctx, `UPDATE session SET "expiresAt" = ? WHERE id = ?`, at.Format(layout), session.ID); err != nil {
				t.Fatal(err)
			}
			got, _, err := s.GetSession(ctx, session.Token, store.Fresh)
			if left < 0 {
				if !errors.Is(err, store.ErrSessionExpired) {
					t.Errorf("%s, over: got %v", layout, err)
				}
			} else if err != nil || !got.ExpiresAt.Equal(at) {
				t.Errorf("%s, %s left: got %v, %v", layout, left, got, err)
			}
		}
	}
	// A refresh writes the website's own format.
	if _, _, err := s.RefreshSession(ctx, session.Token); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := w.DB.QueryRowContext(ctx, `SELECT CAST("expiresAt" AS TEXT) FROM session WHERE id = ?`, session.ID).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if want := clock.Now().Add(storetest.SessionExpiresIn).Format("2006-01-02T15:04:05.000Z"); text != want {
		t.Errorf("the refresh wrote %q, want %q", text, want)
	}
}
