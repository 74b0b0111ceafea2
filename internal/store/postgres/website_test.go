package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// A variant is one of the schemas that better-auth can have.
type variant struct {
	schema               string
	user, session        string // tables
	snake                bool
	userID, sessionID    string // ids that its type can hold
	otherUser, malformed string // an id not there; texts that are no ids
}

func variants() map[string]variant {
	const uid, sid = "7c3f1f6e-3c61-4a8e-9d6e-0a1b2c3d4e5f", "0f0e0d0c-0b0a-4908-8706-050403020100"
	return map[string]variant{
		"built in": {"postgres_schema.sql", `"user"`, "session", false, "u1", "s1", "u2", "\x00"},
		"drizzle":  {"variants/postgres_drizzle.sql", `"user"`, "session", true, "u1", "s1", "u2", "\xff"},
		"plural":   {"variants/postgres_snake_kysely.sql", "users", "sessions", true, "u1", "s1", "u2", ""},
		"serial":   {"variants/postgres_serial.sql", `"user"`, "session", false, "41", "42", "43", "041"},
		"uuid":     {"variants/postgres_uuid.sql", `"user"`, "session", false, uid, sid, sid, strings.ToUpper(uid)},
	}
}

// sql writes better-auth's own column names as the variant has them.
func (v variant) sql(query string) string {
	query = strings.NewReplacer("USER", v.user, "SESSION", v.session).Replace(query)
	if !v.snake {
		return query
	}
	for _, camel := range []string{"emailVerified", "createdAt", "updatedAt", "displayUsername", "expiresAt", "userId", "banExpires"} {
		var b strings.Builder
		for _, r := range camel {
			if r >= 'A' && r <= 'Z' {
				b.WriteByte('_')
			}
			b.WriteString(strings.ToLower(string(r)))
		}
		query = strings.ReplaceAll(query, `"`+camel+`"`, b.String())
	}
	return query
}

func TestEverySchemaOfTheWebsite(t *testing.T) {
	t.Parallel()
	for name, v := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, v.schema)
			// A zone far from UTC shows whether columns without one are read
			// and written as the wall clock of UTC.
			pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET timezone = 'America/New_York'")
			clock := storetest.NewClock()
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Now: clock.Now})
			d := openSQL(t, pg.URL())
			exec := func(query string, args ...any) {
				t.Helper()
				if _, err := d.ExecContext(t.Context(), v.sql(query), args...); err != nil {
					t.Fatal(err)
				}
			}
			made := clock.Now().Add(-time.Hour)
			expires := clock.Now().Add(time.Minute)
			wall := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000") + utcSuffix(v) }
			exec(`INSERT INTO USER (id, name, email, "emailVerified", "createdAt", "updatedAt", username, "displayUsername")
				VALUES ($1, 'Ann', 'ann@example.com', true, $2, $2, 'ann', 'Ann')`, v.userID, wall(made))
			exec(`INSERT INTO SESSION (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
				VALUES ($1, 'tok', $2, $3, $4, $4)`, v.sessionID, v.userID, wall(expires), wall(made))

			ctx := t.Context()
			want := &store.User{
				ID: v.userID, Name: "Ann", Username: "ann", DisplayUsername: "Ann", Email: "ann@example.com",
				EmailVerified: true, Role: "user", CreatedAt: made, UpdatedAt: made,
			}
			for what, get := range map[string]func() (*store.User, error){
				"id":     func() (*store.User, error) { return s.GetUser(ctx, v.userID, store.Fresh) },
				"name":   func() (*store.User, error) { return s.GetUserByUsername(ctx, "ANN", store.Fresh) },
				"e-mail": func() (*store.User, error) { return s.GetUserByEmail(ctx, "Ann@Example.COM", store.Fresh) },
			} {
				got, err := get()
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("user by %s: %v (-want +got):\n%s", what, err, diff)
				}
			}
			for _, id := range []string{v.otherUser, v.malformed, "99999999999999999999", "' OR true --"} {
				if _, err := s.GetUser(ctx, id, store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
					t.Errorf("user %q: got %v, want %v", id, err, store.ErrUserNotFound)
				}
			}

			sess, _, err := s.GetSession(ctx, "tok", store.Fresh)
			if err != nil {
				t.Fatal(err)
			}
			wantSess := &store.Session{ID: v.sessionID, UserID: v.userID, ExpiresAt: expires, CreatedAt: made, UpdatedAt: made}
			if diff := cmp.Diff(wantSess, sess); diff != "" {
				t.Errorf("session (-want +got):\n%s", diff)
			}
			sess, _, err = s.RefreshSession(ctx, "tok")
			if err != nil {
				t.Fatal(err)
			}
			wantSess.ExpiresAt, wantSess.UpdatedAt = clock.Now().Add(postgres.DefaultSessionExpiresIn), clock.Now()
			if diff := cmp.Diff(wantSess, sess); diff != "" {
				t.Errorf("prolonged session (-want +got):\n%s", diff)
			}
			var stored time.Time
			column := `"expiresAt"`
			if v.schema == "variants/postgres_drizzle.sql" {
				column += ` AT TIME ZONE 'UTC'`
			}
			if err := d.QueryRowContext(ctx, v.sql(`SELECT `+column+` FROM SESSION`)).Scan(&stored); err != nil || !stored.Equal(sess.ExpiresAt) {
				t.Errorf("the row says %v (%v), want %v", stored, err, sess.ExpiresAt)
			}

			verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{
				{SessionID: v.sessionID, UserID: v.userID},
				{SessionID: v.malformed + "x", UserID: v.userID},
				{SessionID: v.sessionID, UserID: v.otherUser},
				{UserID: v.malformed},
				{UserID: v.userID},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantVerdicts := []error{nil, store.ErrSessionNotFound, store.ErrSessionNotFound, store.ErrUserNotFound, nil}
			for i, w := range wantVerdicts {
				if !errors.Is(verdicts[i], w) {
					t.Errorf("verdict %d: got %v, want %v", i, verdicts[i], w)
				}
			}

			exec(`UPDATE USER SET banned = true, "banExpires" = $1`, wall(clock.Now()))
			for _, step := range []struct {
				after time.Duration
				want  error
			}{{0, store.ErrUserBanned}, {time.Millisecond, nil}} {
				clock.Advance(step.after)
				if _, _, err := s.RefreshSession(ctx, "tok"); !errors.Is(err, step.want) {
					t.Errorf("%v after the end of a ban: got %v, want %v", step.after, err, step.want)
				}
			}
		})
	}
}

// utcSuffix says UTC to a column with a zone and nothing to one without, to
// which it would make no difference.
func utcSuffix(v variant) string {
	if v.schema == "variants/postgres_drizzle.sql" {
		return ""
	}
	return "+00"
}

func TestOpenNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql, schema string
		want        []string
	}{
		"columns": {
			`ALTER TABLE "user" DROP COLUMN banned, DROP COLUMN name; ALTER TABLE session DROP COLUMN token`, "",
			[]string{`neither`, `"banned"`, `"name"`, `"token"`},
		},
		"tables":      {`DROP TABLE session; DROP TABLE account`, "", []string{`"session"`, `"sessions"`, "storeSessionInDatabase", `"account"`, `"public"`}},
		"type":        {`ALTER TABLE session ALTER COLUMN "expiresAt" TYPE text`, "", []string{`"expiresAt"`, "text", "timestamptz"}},
		"wrong place": {``, "site", []string{`"user"`, `in schema "site"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, "postgres_schema.sql")
			pg.Exec(t, c.sql)
			_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Schema: c.schema, Migrate: true})
			if name == "columns" {
				c.want = c.want[1:] // a name without capitals has one spelling
			}
			wantSentence(t, err, errs.FailedPrecondition, c.want...)
			var n int
			d := openSQL(t, pg.URL())
			if err := d.QueryRow(`SELECT count(*) FROM pg_namespace WHERE nspname = 'game'`).Scan(&n); err != nil || n != 0 {
				t.Errorf("the refused database was migrated (%v)", err)
			}
			report, err := postgres.Check(t.Context(), postgres.Config{URL: pg.URL(), Schema: c.schema})
			if err != nil {
				t.Fatal(err)
			}
			if report.OK() {
				t.Error("the check finds nothing amiss")
			}
			text := fmt.Sprint(report.Lines)
			for _, w := range append(c.want, "waystone db migrate") {
				if !strings.Contains(text, w) {
					t.Errorf("the check does not say %s:\n%s", w, text)
				}
			}
		})
	}
}

func TestSiteWithoutPlugins(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	pg.Exec(t, `ALTER TABLE "user" DROP COLUMN role, DROP COLUMN banned, DROP COLUMN "banReason", DROP COLUMN "banExpires",
			DROP COLUMN username, DROP COLUMN "displayUsername";
		ALTER TABLE session DROP COLUMN "impersonatedBy";
		INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('u', 'Ann', 'a@b', false);
		INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('s', 'tok', 'u', now() + interval '1 hour', now())`)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	ctx := t.Context()
	_, u, err := s.RefreshSession(ctx, "tok")
	if err != nil {
		t.Fatal(err)
	}
	if u.Role != "user" || u.Banned || u.Username != "" {
		t.Errorf("got %+v, want a user without ban and user name", u)
	}
	if _, err := s.GetUserByUsername(ctx, "", store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("by user name: got %v, want %v", err, store.ErrUserNotFound)
	}
	if err := s.SetBan(ctx, "u", store.Ban{Banned: true}); errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("a ban without the columns for it: got %v", err)
	}
	if _, err := s.CreateUser(ctx, store.NewUser{Username: "ann", Name: "Ann", Email: "b@c"}); errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("a user name without the column for it: got %v", err)
	}
}

func TestTablesAreFoundWhereTheyAre(t *testing.T) {
	t.Parallel()
	t.Run("in a schema of their own", func(t *testing.T) {
		t.Parallel()
		pg := testenv.Postgres(t)
		pg.Exec(t, `CREATE SCHEMA "My Site"`)
		pg.Exec(t, strings.ReplaceAll(schemaOf("postgres_schema.sql"), "public.", `"My Site".`))
		s := open(t, postgres.Config{URL: pg.URL(), Schema: "My Site", Migrate: true})
		if _, err := s.GetUser(t.Context(), "x", store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
			t.Errorf("got %v, want %v", err, store.ErrUserNotFound)
		}
		if report, err := s.Check(t.Context()); err != nil || !report.OK() {
			t.Errorf("check: %v, %+v", err, report)
		}
	})
	t.Run("beside a table of another application", func(t *testing.T) {
		t.Parallel()
		pg := website(t, "variants/postgres_snake_kysely.sql")
		pg.Exec(t, `CREATE TABLE session (id int PRIMARY KEY, cart text)`)
		s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
		if _, _, err := s.GetSession(t.Context(), "tok", store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
			t.Errorf("got %v, want %v", err, store.ErrSessionNotFound)
		}
	})
}
