package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// Types that could not work are refused at the start with the statement that
// helps, rather than failing with the first call.
// refusedType is SQL that gives a column a type that would fail later, and what the
// sentence about it says.
type refusedType struct {
	sql  string
	want []string
}

func TestTypesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range testenv.Some(t, map[string]refusedType{
		"a token in any case":   {`CREATE EXTENSION citext; ALTER TABLE session ALTER token TYPE citext`, []string{`"token"`, "citext", "TYPE text"}},
		"an id in any case":     {`CREATE EXTENSION citext; ALTER TABLE account ALTER id TYPE citext`, []string{`"id"`, "citext"}},
		"a bool as a number":    {`ALTER TABLE "user" ALTER "emailVerified" TYPE int USING 0`, []string{`"emailVerified"`, "int4", "TYPE boolean"}},
		"a bool as a text":      {`ALTER TABLE "user" ALTER banned TYPE text`, []string{`"banned"`, "text", "TYPE boolean"}},
		"a time as a number":    {`ALTER TABLE session ALTER "expiresAt" TYPE bigint USING 0`, []string{`"expiresAt"`, "int8", "to_timestamp"}},
		"a time as a date":      {`ALTER TABLE "user" ALTER "banExpires" TYPE date`, []string{`"banExpires"`, "date", "TYPE timestamptz"}},
		"a name as bytes":       {`ALTER TABLE "user" ALTER username TYPE bytea USING NULL`, []string{`"username"`, "bytea"}},
		"an address as JSON":    {`ALTER TABLE "user" ALTER email TYPE jsonb USING to_jsonb(email)`, []string{`"email"`, "jsonb"}},
		"an id as a decimal":    {`ALTER TABLE account ALTER id TYPE numeric USING 0`, []string{`"id"`, "numeric"}},
		"a domain over a date":  {`CREATE DOMAIN d AS date; CREATE DOMAIN e AS d; ALTER TABLE "user" ALTER "banExpires" TYPE e`, []string{`"banExpires"`, "date"}},
		"an owner of a session": {`ALTER TABLE session DROP CONSTRAINT "session_userId_fkey"; ALTER TABLE session ALTER "userId" TYPE int USING 0`, []string{`"userId"`, "int4"}},
	}, "a token in any case", "a time as a number", "a bool as a text", "a domain over a date") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, "postgres_schema.sql")
			pg.Exec(t, c.sql)
			_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true})
			wantSentence(t, err, errs.FailedPrecondition, c.want...)
		})
	}
}

// typed is a website with other types than better-auth's own.
type typed struct {
	sql      string
	off      map[string]string // options that are off, and what their lines say
	token    string            // of a session of the user; "" for one of letters
	role     string            // set before, as SQL
	wantRole string
}

func typings() map[string]typed {
	const tokenID = "7c3f1f6e-3c61-4a8e-9d6e-0a1b2c3d4e5f"
	return map[string]typed{
		"as better-auth has it": {},
		"tokens as UUIDs": {
			sql: `DELETE FROM session; ALTER TABLE session ALTER token TYPE uuid USING token::uuid`, token: tokenID,
			off: map[string]string{making: "32 letters and digits"},
		},
		"addresses as inet":     {sql: `ALTER TABLE session ALTER "ipAddress" TYPE inet USING NULLIF("ipAddress", '')::inet`},
		"addresses as cidr":     {sql: `ALTER TABLE session ALTER "ipAddress" TYPE cidr USING NULL`},
		"addresses always inet": {sql: `DELETE FROM session; ALTER TABLE session ALTER "ipAddress" TYPE inet USING NULL, ALTER "ipAddress" SET NOT NULL`, off: map[string]string{making: `"ipAddress"`}},
		"short user agents":     {sql: `ALTER TABLE session ALTER "userAgent" TYPE varchar(8) USING left("userAgent", 8)`},
		"short tokens":          {sql: `DELETE FROM session; ALTER TABLE session ALTER token TYPE varchar(31)`, off: map[string]string{making: "31 characters"}, token: "t"},
		"short ids":             {sql: `DELETE FROM session; ALTER TABLE session ALTER id TYPE char(16)`, off: map[string]string{making: "16 characters"}},
		"generated times": {
			sql: `ALTER TABLE session DROP "updatedAt", ADD "updatedAt" timestamptz GENERATED ALWAYS AS ("createdAt") STORED`,
			off: map[string]string{making: "generated", "prolonging sessions": "not generated"},
		},
		"a column that must be set": {sql: `CREATE DOMAIN needed AS text NOT NULL; DELETE FROM session; ALTER TABLE session ADD device needed`, off: map[string]string{making: `"device"`}},
		"times of whole seconds":    {sql: `ALTER TABLE session ALTER "updatedAt" TYPE timestamptz(0)`},
		"names in any case":         {sql: `CREATE EXTENSION citext; ALTER TABLE "user" ALTER username TYPE citext, ALTER email TYPE citext`},
		"domains":                   {sql: `CREATE DOMAIN short AS varchar(200); CREATE DOMAIN shorter AS short; ALTER TABLE "user" ALTER username TYPE shorter, ALTER email TYPE shorter; ALTER TABLE session ALTER token TYPE shorter`},
		"providers as an enum":      {sql: `CREATE TYPE provider AS ENUM ('credential', 'github', 'google', 'discord'); ALTER TABLE account ALTER "providerId" TYPE provider USING CASE "providerId" WHEN 'credential' THEN 'credential' ELSE 'github' END::provider`},
		"other providers":           {sql: `DELETE FROM account WHERE "providerId" = 'credential'; CREATE TYPE provider AS ENUM ('github'); ALTER TABLE account ALTER "providerId" TYPE provider USING 'github'`},
		"roles as an enum":          {sql: `CREATE TYPE role AS ENUM ('user', 'admin'); ALTER TABLE "user" ALTER role TYPE role USING split_part(role, ',', 1)::role`, role: `'admin'`, wantRole: "admin"},
		"roles as JSON":             {sql: `ALTER TABLE "user" ALTER role TYPE jsonb USING to_jsonb(role)`, role: `'["user","admin"]'`, wantRole: "user,admin"},
		"a role as JSON":            {sql: `ALTER TABLE "user" ALTER role TYPE json USING to_json(role)`, role: `'"admin"'`, wantRole: "admin"},
		"roles as a list":           {sql: `ALTER TABLE "user" ALTER role TYPE text[] USING ARRAY[role]`, role: `'{user,admin}'`, wantRole: "user,admin"},
		"short reasons":             {sql: `ALTER TABLE "user" ALTER "banReason" TYPE varchar(12) USING NULL`},
	}
}

// Whatever the types are that pass, no call fails for them.
func TestTypesThatWork(t *testing.T) {
	t.Parallel()
	for name, c := range testenv.Some(t, typings(), "tokens as UUIDs", "addresses as inet", "short ids", "generated times", "names in any case", "providers as an enum", "roles as JSON") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := migrated(t)
			site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
			site.FillTables(t)
			pg.Exec(t, c.sql)
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
			c.lines(t, s)
			u := storetest.Fixtures(t, "postgres")["spaces"]
			if c.role != "" {
				pg.Exec(t, `UPDATE "user" SET role = `+c.role+` WHERE id = '`+u.ID+`'`)
			}
			c.calls(t, pg, s, u)
		})
	}
}

// lines checks what is said to be off.
func (c typed) lines(t *testing.T, s *postgres.Store) {
	t.Helper()
	report, err := s.Check(t.Context())
	if err != nil || !report.OK() {
		t.Fatalf("check: %+v, %v", report, err)
	}
	for _, l := range report.Lines {
		want, off := c.off[l.Object]
		if !off && strings.HasPrefix(l.Detail, "off;") || off && (!strings.HasPrefix(l.Detail, "off;") || !strings.Contains(l.Detail, want)) {
			t.Errorf("%s: %s; off, with %q: %v", l.Object, l.Detail, want, off)
		}
	}
}

func (c typed) calls(t *testing.T, pg *testenv.PG, s *postgres.Store, u storetest.FixtureUser) {
	t.Helper()
	ctx := t.Context()
	for _, token := range []string{"nobody", "7C3F1F6E-3C61-4A8E-9D6E-0A1B2C3D4E5F", "'", store.NewID()} {
		if _, _, err := s.GetSession(ctx, token, store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
			t.Errorf("the session %q: %v", token, err)
		}
		if _, _, err := s.RefreshSession(ctx, token); !errors.Is(err, store.ErrSessionNotFound) {
			t.Errorf("prolonging the session %q: %v", token, err)
		}
		if err := s.RevokeSession(ctx, token); err != nil {
			t.Errorf("ending the session %q: %v", token, err)
		}
	}
	token := c.token
	if token == "" {
		token = store.NewID()
	}
	if _, off := c.off[making]; !off {
		for _, address := range []string{"192.0.2.7", "2001:db8::1", "", "unknown"} {
			token = store.NewID()
			sess, _, err := s.CreateSession(ctx, store.NewSession{
				UserID: u.ID, Token: token, Lifetime: time.Hour, IPAddress: address, UserAgent: "a client with a long name",
			})
			if err != nil {
				t.Fatalf("a session from %q: %v", address, err)
			}
			if address != "unknown" && sess.IPAddress != address {
				t.Errorf("a session from %q is said to be from %q", address, sess.IPAddress)
			}
		}
	} else if !strings.Contains(c.sql, "device") && !strings.Contains(c.sql, "inet") && !strings.Contains(c.sql, "GENERATED") {
		pg.Exec(t, `INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('s', '`+token+`', '`+u.ID+`', now() + interval '1 hour', now())`)
	} else {
		token = ""
	}
	if token != "" {
		sess, got, err := s.RefreshSession(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if c.wantRole != "" && got.Role != c.wantRole {
			t.Errorf("the role is %q, want %q", got.Role, c.wantRole)
		}
		verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{{SessionID: sess.ID, UserID: u.ID}})
		if err != nil || verdicts[0] != nil {
			t.Errorf("check: %v, %v", verdicts, err)
		}
		one := store.NewID()
		pg.Exec(t, `INSERT INTO verification (id, identifier, value, "expiresAt") VALUES ('v', 'one-time-token:`+one+`', '`+token+`', now() + interval '1 hour')`)
		if got, _, err := s.RedeemOneTimeToken(ctx, one); err != nil || got.ID != sess.ID {
			t.Errorf("a one-time token: %+v, %v", got, err)
		}
		if err := s.RevokeSession(ctx, token); err != nil {
			t.Error(err)
		}
	}
	if got, err := s.GetUserByUsername(ctx, strings.ToUpper(u.Username), store.Fresh); err != nil || got.ID != u.ID {
		t.Errorf("by name: %+v, %v", got, err)
	}
	if _, err := s.GetCredential(ctx, store.ByEmail, strings.ToUpper(u.Email)); err != nil {
		t.Errorf("credential: %v", err)
	}
	if err := s.SetBan(ctx, u.ID, store.Ban{Banned: true, Reason: "a reason of some length"}); err != nil {
		t.Errorf("ban: %v", err)
	}
}
