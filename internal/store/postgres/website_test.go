package postgres_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// A variant is one of the schemas that better-auth can have.
type variant struct {
	schema               string              // file
	edit                 func(string) string // of the file
	user, session        string              // tables
	columns              map[string]string   // as the site calls them, by better-auth's names
	zone                 string              // of columns without one; empty when they have one
	tables, named        []string            // WEBSITE_TABLES and WEBSITE_COLUMNS
	userID, sessionID    string              // ids that its type can hold
	otherUser, malformed string              // an id not there; texts that are no ids
	reported             []string            // what the check says
}

// snake is every column that has another name in snake case.
func snake() map[string]string {
	all := map[string]string{}
	for _, m := range siteschema.Models() {
		for _, f := range m.Fields {
			all[f.Name] = siteschema.Snake(f.Name)
		}
	}
	return all
}

func variants() map[string]variant {
	const uid, sid = "7c3f1f6e-3c61-4a8e-9d6e-0a1b2c3d4e5f", "0f0e0d0c-0b0a-4908-8706-050403020100"
	zoneless := func(sql string) string {
		return strings.ReplaceAll(sql, "timestamp with time zone", "timestamp(3) without time zone")
	}
	both := []string{"ids of type text", "times with a zone", "with the columns of the username plugin", "with the columns of the admin plugin"}
	return map[string]variant{
		"built in": {
			schema: "postgres_schema.sql", user: `"user"`, session: "session",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\x00", reported: both,
		},
		"all plugins": {
			schema: "variants/postgres_all_plugins.sql", user: `"user"`, session: "session",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\x00", reported: both,
		},
		"api keys": {
			schema: "postgres_schema.sql",
			edit:   func(sql string) string { return sql + schemaOf("variants/postgres_apikey_plugin.sql") },
			user:   `"user"`, session: "session",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\x00", reported: both,
		},
		"drizzle": {
			schema: "variants/postgres_drizzle.sql", user: `"user"`, session: "session", columns: snake(), zone: "UTC",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\xff",
			reported: []string{"expiresAt=expires_at", "times without a zone, which hold the clock of UTC"},
		},
		"prisma": {
			schema: "postgres_schema.sql", edit: zoneless, user: `"user"`, session: "session", zone: "UTC",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\xff", reported: []string{"clock of UTC"},
		},
		"the website's own clock": {
			schema: "postgres_schema.sql", edit: zoneless, user: `"user"`, session: "session", zone: "Asia/Kathmandu",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "\xff", reported: []string{"clock of Asia/Kathmandu"},
		},
		"plural": {
			schema: "variants/postgres_snake_kysely.sql", user: "users", session: "sessions", columns: snake(),
			userID: "u1", sessionID: "s1", otherUser: "u2", reported: []string{`"public"."sessions"`, "userId=user_id"},
		},
		"serial": {
			schema: "variants/postgres_serial.sql", user: `"user"`, session: "session",
			userID: "41", sessionID: "42", otherUser: "43", malformed: "041", reported: []string{"ids of type int4"},
		},
		"uuid": {
			schema: "variants/postgres_uuid.sql", user: `"user"`, session: "session",
			userID: uid, sessionID: sid, otherUser: sid, malformed: strings.ToUpper(uid), reported: []string{"ids of type uuid"},
		},
		"fixed length": {
			schema: "postgres_schema.sql",
			edit: func(sql string) string {
				return strings.NewReplacer("id text NOT NULL", "id character(32) NOT NULL", `"userId" text`, `"userId" character(32)`).Replace(sql)
			},
			user: `"user"`, session: "session",
			userID: "u1", sessionID: "s1", otherUser: "u2", malformed: "u1 ", reported: []string{"ids of type bpchar"},
		},
		"names of its own": {
			schema: "postgres_schema.sql",
			edit: func(sql string) string {
				return sql + `;
					ALTER TABLE public."user" RENAME TO "App Users"; ALTER TABLE public."App Users" RENAME id TO uid;
					ALTER TABLE public."App Users" RENAME "banExpires" TO "banned until";
					ALTER TABLE public.session RENAME TO logins; ALTER TABLE public.logins RENAME "expiresAt" TO valid_until;
					ALTER TABLE public.logins RENAME id TO sid; ALTER TABLE public.logins RENAME token TO "select";
					ALTER TABLE public.account RENAME TO credentials;
					ALTER TABLE public.verification RENAME TO proofs; ALTER TABLE public.proofs RENAME "expiresAt" TO valid_until`
			},
			user: `"App Users"`, session: "logins",
			columns: map[string]string{"banExpires": `banned until`, "expiresAt": "valid_until"},
			tables:  []string{"user=App Users", "session=logins", "account=credentials", "verification=proofs"},
			named:   []string{"verification.expiresAt=valid_until", "user.id=uid", "user.banExpires=banned until", "session.id=sid", "session.expiresAt=valid_until", "session.token=select"},
			userID:  "u1", sessionID: "s1", otherUser: "u2", malformed: "\x00",
			reported: []string{`"public"."App Users"`, "expiresAt=valid_until", "id=sid", "token=select"},
		},
	}
}

func (v variant) load(t testing.TB) *testenv.PG {
	t.Helper()
	sql := schemaOf(v.schema)
	if v.edit != nil {
		sql = v.edit(sql)
	}
	pg := testenv.Postgres(t)
	pg.Exec(t, sql)
	return pg
}

// sql writes better-auth's own names as the variant has them.
func (v variant) sql(query string) string {
	id, token := map[string]string{}, "token"
	for _, entry := range v.named {
		key, name, _ := strings.Cut(entry, "=")
		switch key {
		case "user.id", "session.id":
			id[strings.TrimSuffix(key, ".id")] = name
		case "session.token":
			token = strconv.Quote(name)
		}
	}
	for key, name := range map[string]string{"USERID": id["user"], "SESSIONID": id["session"]} {
		if name == "" {
			name = "id"
		}
		query = strings.ReplaceAll(query, key, name)
	}
	query = strings.NewReplacer("USER", v.user, "SESSION", v.session, "TOKEN", token).Replace(query)
	for camel, name := range v.columns {
		query = strings.ReplaceAll(query, strconv.Quote(camel), strconv.Quote(name))
	}
	return query
}

// wall writes an instant as the site stores it.
func (v variant) wall(t testing.TB, at time.Time) string {
	t.Helper()
	if v.zone == "" {
		return at.UTC().Format("2006-01-02 15:04:05.000") + "+00"
	}
	zone, err := time.LoadLocation(v.zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(zone).Format("2006-01-02 15:04:05.000")
}

// config is that of the site.
func (v variant) config(t testing.TB, url string) postgres.Config {
	t.Helper()
	names, err := siteschema.ParseNames(v.tables, v.named)
	if err != nil {
		t.Fatal(err)
	}
	return postgres.Config{URL: url, Migrate: true, Names: names, TimeZone: v.zone}
}

func TestEverySchemaOfTheWebsite(t *testing.T) {
	t.Parallel()
	for name, v := range testenv.Some(t, variants(), "all plugins", "drizzle", "serial", "names of its own") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := v.load(t)
			// A zone far from UTC shows whether columns without one are read
			// and written as the wall clock of UTC.
			pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET timezone = 'America/New_York'")
			clock := storetest.NewClock()
			cfg := v.config(t, pg.URL())
			cfg.Now = clock.Now
			s := open(t, cfg)
			d := openSQL(t, pg.URL())
			exec := func(query string, args ...any) {
				t.Helper()
				if _, err := d.ExecContext(t.Context(), v.sql(query), args...); err != nil {
					t.Fatal(err)
				}
			}
			made := clock.Now().Add(-time.Hour)
			expires := clock.Now().Add(time.Minute)
			wall := func(at time.Time) string { return v.wall(t, at) }
			exec(`INSERT INTO USER (USERID, name, email, "emailVerified", "createdAt", "updatedAt", username, "displayUsername")
				VALUES ($1, 'Ann', 'ann@example.com', true, $2, $2, 'ann', 'Ann')`, v.userID, wall(made))
			exec(`INSERT INTO SESSION (SESSIONID, TOKEN, "userId", "expiresAt", "createdAt", "updatedAt")
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

			sess, u, seen, err := s.ReadSession(ctx, "tok")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, u); diff != "" || seen.IsZero() {
				t.Errorf("user of the session, snapshot %v (-want +got):\n%s", seen, diff)
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
			if v.zone != "" {
				column += " AT TIME ZONE '" + v.zone + "'"
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

			exec(`UPDATE SESSION SET "expiresAt" = $1`, wall(clock.Now().Add(-time.Millisecond)))
			if _, _, err := s.GetSession(ctx, "tok", store.Fresh); !errors.Is(err, store.ErrSessionExpired) {
				t.Errorf("after its end: got %v", err)
			}
			if sess, _, _, err := s.ReadSession(ctx, "tok"); err != nil || !sess.ExpiredAt(clock.Now()) {
				t.Errorf("unjudged: %+v, %v", sess, err)
			}
			exec(`DELETE FROM SESSION`)
			if _, _, err := s.RefreshSession(ctx, "tok"); !errors.Is(err, store.ErrSessionNotFound) {
				t.Errorf("deleted: got %v", err)
			}

			report, err := s.Check(ctx)
			if err != nil || !report.OK() {
				t.Errorf("check: %v, %+v", err, report)
			}
			for _, w := range v.reported {
				if !strings.Contains(fmt.Sprint(report.Lines), w) {
					t.Errorf("the check does not say %s: %v", w, report.Lines)
				}
			}
			if made, err := s.CreateUser(ctx, store.NewUser{Username: "bob", Name: "Bob", Email: "bob@example.com"}); err != nil {
				t.Errorf("create a user: %v", err)
			} else if err := s.SetBan(ctx, made.ID, store.Ban{Banned: true, Until: clock.Now().Add(time.Minute)}); err != nil {
				t.Errorf("ban: %v", err)
			} else if got, err := s.GetUser(ctx, made.ID, store.Fresh); err != nil || !got.BanExpiresAt.Equal(clock.Now().Add(time.Minute)) {
				t.Errorf("the banned user: %+v, %v", got, err)
			}
			if all, err := s.ListUsers(ctx, v.userID, 10); err != nil || len(all) != 1 {
				t.Errorf("users after the first: %v, %v", all, err)
			}
		})
	}
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
		"tables": {`DROP TABLE session; DROP TABLE account`, "", []string{`"session"`, `"sessions"`, "storeSessionInDatabase", `"account"`, `"public"`}},
		"type of a reference": {
			`ALTER TABLE session DROP CONSTRAINT "session_userId_fkey"; ALTER TABLE session ALTER COLUMN "userId" TYPE uuid USING NULL`, "",
			[]string{`"userId"`, "uuid", "ids of type text"},
		},
		"another name": {`ALTER TABLE session RENAME TO logins`, "", []string{`"session"`, `WEBSITE_TABLES=session=logins`}},
		"another column": {
			`ALTER TABLE session RENAME "expiresAt" TO valid_until`, "",
			[]string{`"expiresAt"`, `"expires_at"`, "WEBSITE_COLUMNS=session.expiresAt=NAME"},
		},
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
	pg := migrated(t)
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

func TestSiteThatKeepsSessionsInRedisAlone(t *testing.T) {
	t.Parallel()
	pg := website(t, "variants/postgres_redis_only.sql")
	_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true})
	wantSentence(t, err, errs.FailedPrecondition, `"session"`, "secondaryStorage", "storeSessionInDatabase: true")
}

func TestHashedTokens(t *testing.T) {
	t.Parallel()
	for _, form := range store.TokenForms() {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			pg := migrated(t)
			pg.Exec(t, `INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('u', 'Ann', 'a@b', false);
				INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")
				VALUES ('s', '`+form.Stored("tok")+`', 'u', now() + interval '1 hour', now())`)
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, TokenForm: form})
			if _, _, err := s.GetSession(t.Context(), "tok", store.Fresh); err != nil {
				t.Error(err)
			}
			if sess, _, err := s.RefreshSession(t.Context(), "tok"); err != nil || time.Until(sess.ExpiresAt) < 24*time.Hour {
				t.Errorf("refreshed to %+v, %v", sess, err)
			}
			if _, _, err := s.GetSession(t.Context(), form.Stored("tok"), store.Fresh); form != store.TokenPlain && !errors.Is(err, store.ErrSessionNotFound) {
				t.Errorf("what is stored opens the session: %v", err)
			}
		})
	}
}

func TestOpenRefusesATimeZoneThatIsNone(t *testing.T) {
	t.Parallel()
	pg := website(t, "variants/postgres_drizzle.sql")
	// PostgreSQL itself would take both for something.
	for _, zone := range []string{"Foo5", "europe/berlin", "'; DROP TABLE session; --"} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true, TimeZone: zone})
		wantSentence(t, err, errs.FailedPrecondition, "WEBSITE_TIME_ZONE", strconv.Quote(zone), "Europe/Berlin")
	}
}

// What other tools write for "never" and "always" is read, not refused.
func TestInfiniteTimes(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	pg.Exec(t, `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt") VALUES ('u', 'Ann', 'a@b', false, '-infinity');
		INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES
		('s', 'never', 'u', 'infinity', now()), ('d', 'always', 'u', '-infinity', now())`)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	ctx := t.Context()
	sess, u, err := s.RefreshSession(ctx, "never")
	if err != nil || sess.ExpiresAt.Year() != 9999 || u.CreatedAt.Year() != 1970 {
		t.Errorf("a session without end: %+v, %+v, %v", sess, u, err)
	}
	if _, _, err := s.RefreshSession(ctx, "always"); !errors.Is(err, store.ErrSessionExpired) {
		t.Errorf("a session that always was over: %v", err)
	}
	verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{{SessionID: "s", UserID: "u"}, {SessionID: "d", UserID: "u"}})
	if err != nil || verdicts[0] != nil || !errors.Is(verdicts[1], store.ErrSessionExpired) {
		t.Errorf("verdicts %v, %v", verdicts, err)
	}
	pg.Exec(t, `UPDATE "user" SET banned = true, "banExpires" = 'infinity'`)
	if _, _, err := s.GetSession(ctx, "never", store.Fresh); !errors.Is(err, store.ErrUserBanned) {
		t.Errorf("a ban without end: %v", err)
	}
}
