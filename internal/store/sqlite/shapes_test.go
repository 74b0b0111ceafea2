package sqlite_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// snake is a site in snake case and plural that numbers its rows, keeps times
// as milliseconds and has no plugins.
const snake = `
CREATE TABLE users (id integer primary key autoincrement, name text not null, email text not null unique,
	email_verified integer not null, image text, created_at integer not null, updated_at integer not null);
CREATE TABLE sessions (id integer primary key autoincrement, token text not null unique, user_id integer not null,
	expires_at integer not null, created_at integer not null, updated_at integer not null, ip_address text, user_agent text);
CREATE TABLE accounts (id integer primary key autoincrement, user_id integer not null, provider_id text not null);`

// renamed is a site where nothing has the name that better-auth gives it.
const renamed = `
CREATE TABLE people (uid text primary key, name text, mail text unique, emailVerified integer, image text,
	createdAt date, updatedAt date, nick text unique, shown_nick text, role text, banned integer, banReason text, banExpires date);
CREATE TABLE logins (id text primary key, secret text unique, owner text, valid_until date, createdAt date, updatedAt date,
	ipAddress text, userAgent text, impersonatedBy text);
CREATE TABLE credentials (id text primary key, owner text, providerId text);`

func TestShapesOfTheWebsite(t *testing.T) {
	t.Parallel()
	given, err := siteschema.ParseNames(
		[]string{"user=people", "session=logins", "account=credentials"},
		[]string{
			"user.id=uid", "user.email=mail", "user.username=nick", "user.displayUsername=shown_nick",
			"session.token=secret", "session.userId=owner", "session.expiresAt=valid_until", "account.userId=owner",
		})
	if err != nil {
		t.Fatal(err)
	}
	text := func(at time.Time) any { return at.Format("2006-01-02T15:04:05.000Z") }
	for name, c := range map[string]struct {
		schema, user, session string
		names                 siteschema.Names
		time                  func(time.Time) any
		userID, sessionID     string
		plugins               bool
		reported              string
	}{
		"numbers in snake case": {
			snake, `INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?1, 'Ann', 'ann@example.com', 1, ?2, ?2)`,
			`INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at) VALUES (?1, 'tok', ?2, ?3, ?4, ?4)`,
			siteschema.Names{}, func(at time.Time) any { return at.UnixMilli() }, "41", "42", false, "expiresAt=expires_at",
		},
		"names of its own": {
			renamed, `INSERT INTO people (uid, name, mail, emailVerified, createdAt, updatedAt) VALUES (?1, 'Ann', 'ann@example.com', 1, ?2, ?2)`,
			`INSERT INTO logins (id, secret, owner, valid_until, createdAt, updatedAt) VALUES (?1, 'tok', ?2, ?3, ?4, ?4)`,
			given, text, "u1", "s1", true, "expiresAt=valid_until",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "site.db")
			d := sqlOpen(t, path)
			clock := storetest.NewClock()
			made, expires := clock.Now().Add(-time.Hour), clock.Now().Add(time.Minute)
			exec(t, d, c.schema)
			exec(t, d, c.user, c.userID, c.time(made))
			exec(t, d, c.session, c.sessionID, c.userID, c.time(expires), c.time(made))
			s := open(t, sqlite.Config{Path: path, Now: clock.Now, Names: c.names})
			ctx := t.Context()

			sess, u, _, err := s.ReadSession(ctx, "tok")
			if err != nil {
				t.Fatal(err)
			}
			wantUser := &store.User{
				ID: c.userID, Name: "Ann", Email: "ann@example.com", EmailVerified: true, Role: "user", CreatedAt: made, UpdatedAt: made,
			}
			wantSess := &store.Session{ID: c.sessionID, UserID: c.userID, ExpiresAt: expires, CreatedAt: made, UpdatedAt: made}
			if d := cmp.Diff(wantUser, u) + cmp.Diff(wantSess, sess); d != "" {
				t.Errorf("session and user (-want +got):\n%s", d)
			}
			if got, err := s.GetUserByEmail(ctx, "ANN@example.com", store.Fresh); err != nil || got.ID != c.userID {
				t.Errorf("by e-mail: %+v, %v", got, err)
			}
			if _, err := s.GetUser(ctx, "0"+c.userID, store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
				t.Errorf("another spelling of the id: got %v", err)
			}
			verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{
				{SessionID: c.sessionID, UserID: c.userID}, {SessionID: "0" + c.sessionID, UserID: c.userID}, {UserID: c.userID},
			})
			if err != nil || verdicts[0] != nil || !errors.Is(verdicts[1], store.ErrSessionNotFound) || verdicts[2] != nil {
				t.Errorf("verdicts %v, %v", verdicts, err)
			}

			// What is written has the form of what was there.
			sess, _, err = s.RefreshSession(ctx, "tok")
			want := clock.Now().Add(storetest.SessionExpiresIn)
			if err != nil || !sess.ExpiresAt.Equal(want) {
				t.Fatalf("refreshed to %+v, %v", sess, err)
			}
			var stored string
			table, column := "sessions", "expires_at"
			if c.plugins {
				table, column = "logins", "valid_until"
			}
			if err := d.QueryRowContext(ctx, "SELECT typeof("+column+") FROM "+table).Scan(&stored); err != nil {
				t.Fatal(err)
			}
			if form := map[bool]string{false: "integer", true: "text"}[c.plugins]; stored != form {
				t.Errorf("the refresh stored a %s, want %s", stored, form)
			}
			again, _, _, err := s.ReadSession(ctx, "tok")
			if d := cmp.Diff(sess, again); err != nil || d != "" {
				t.Errorf("read again: %v\n%s", err, d)
			}

			report, err := s.Check(ctx)
			if err != nil || !report.OK() {
				t.Errorf("check: %+v, %v", report, err)
			}
			if all := describe(report); !strings.Contains(all, c.reported) {
				t.Errorf("the check does not say %s:\n%s", c.reported, all)
			}

			ban := s.SetBan(ctx, c.userID, store.Ban{Banned: true, Until: clock.Now().Add(time.Minute)})
			made2, create := s.CreateUser(ctx, store.NewUser{Username: "bob", Name: "Bob", Email: "bob@example.com"})
			if !c.plugins {
				if errs.KindOf(ban) != errs.FailedPrecondition || errs.KindOf(create) != errs.FailedPrecondition {
					t.Errorf("without the plugins: ban %v, create %v", ban, create)
				}
				return
			}
			if ban != nil || create != nil {
				t.Fatalf("ban %v, create %v", ban, create)
			}
			if got, err := s.GetUserByUsername(ctx, "Bob", store.Fresh); err != nil || got.ID != made2.ID {
				t.Errorf("the created user: %+v, %v", got, err)
			}
			if got, err := s.GetUser(ctx, c.userID, store.Fresh); err != nil || !got.BannedAt(clock.Now()) {
				t.Errorf("the banned user: %+v, %v", got, err)
			}
		})
	}
}

func exec(t *testing.T, d *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func describe(r store.Report) string {
	var b strings.Builder
	for _, l := range r.Lines {
		b.WriteString(l.Object + ": " + l.Detail + "\n")
	}
	return b.String()
}

func TestHashedTokensAndZonelessTimes(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: path, Now: clock.Now, TokenForm: store.TokenSHA256Hex, TimeZone: "America/New_York"})
	u := storetest.Fixtures(t, "sqlite")["spaces"]
	w.AddSession(t, "s1", store.TokenSHA256Hex.Stored("tok"), u.ID, clock.Now())
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, w.DB, `UPDATE session SET "expiresAt" = ? WHERE id = 's1'`, clock.Now().In(zone).Format("2006-01-02 15:04:05.000"))
	sess, _, err := s.GetSession(t.Context(), "tok", store.Fresh)
	if err != nil || !sess.ExpiresAt.Equal(clock.Now()) {
		t.Errorf("got %+v, %v", sess, err)
	}
	if sess, _, err := s.RefreshSession(t.Context(), "tok"); err != nil || !sess.ExpiresAt.Equal(clock.Now().Add(storetest.SessionExpiresIn)) {
		t.Errorf("refreshed to %+v, %v", sess, err)
	}
	if _, _, err := s.GetSession(t.Context(), store.TokenSHA256Hex.Stored("tok"), store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
		t.Errorf("what is stored opens the session: %v", err)
	}
}

func TestOpenRefusesWhatCannotBeMeant(t *testing.T) {
	t.Parallel()
	missing, err := siteschema.ParseNames([]string{"session=logins"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := website(t)
	for want, cfg := range map[string]sqlite.Config{
		`"Mars/Olympus"`: {Path: path, TimeZone: "Mars/Olympus"},
		`"Local"`:        {Path: path, TimeZone: "Local"},
		`"md5"`:          {Path: path, TokenForm: "md5"},
		`"logins"`:       {Path: path, Names: missing},
		"WEBSITE_TABLES": {Path: filepath.Join(t.TempDir(), "new.db"), Names: missing},
	} {
		if _, err := sqlite.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
