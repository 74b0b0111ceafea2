package postgres_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// The lines of a check on what may be granted besides.
const (
	seeing  = "noticing changed passwords"
	hashes  = "reading password hashes"
	making  = "making sessions"
	ending  = "ending sessions"
	oneTime = "redeeming one-time tokens"
)

// optionLines are what a check says of each, which is never a fault.
func optionLines(t testing.TB, s *postgres.Store) map[string]string {
	t.Helper()
	report, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, l := range report.Lines {
		switch l.Object {
		case seeing, hashes, making, ending, oneTime:
			if all[l.Object] = l.Detail; !l.OK {
				t.Errorf("%s is said to be a fault", l.Object)
			}
		}
	}
	if len(all) != 5 {
		t.Fatalf("the check says %v", all)
	}
	return all
}

// optionCalls are calls for what may be off, on a user and tokens that are
// there.
func optionCalls(s *postgres.Store, userID, oneTimeToken string) map[string]func(context.Context) error {
	token := store.NewID()
	return map[string]func(context.Context) error{
		hashes: func(ctx context.Context) error { _, err := s.GetCredential(ctx, store.ByID, userID); return err },
		making: func(ctx context.Context) error {
			_, _, err := s.CreateSession(ctx, store.NewSession{UserID: userID, Token: token, Lifetime: time.Hour})
			return err
		},
		ending:  func(ctx context.Context) error { return s.RevokeSession(ctx, "none") },
		oneTime: func(ctx context.Context) error { _, _, err := s.RedeemOneTimeToken(ctx, oneTimeToken); return err },
	}
}

var refusals = map[string]error{
	hashes: store.ErrNoCredentialsGrant, making: store.ErrNoSessionsGrant,
	ending: store.ErrNoSessionsGrant, oneTime: store.ErrNoOneTimeGrant,
}

func TestWhatIsOffUntilItIsGranted(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	u := storetest.Fixtures(t, "postgres")["spaces"]
	site.AddSession(t, "s", "tok", u.ID, time.Now().Add(time.Hour))
	oneTimeToken := store.NewID()
	site.AddVerification(t, "one-time-token:"+oneTimeToken, "tok", time.Now().Add(time.Minute))
	if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).Close(); err != nil {
		t.Fatal(err)
	}
	url := leastRole(t, pg)
	s := open(t, postgres.Config{URL: url})
	granted := ""
	for name, call := range optionCalls(s, u.ID, oneTimeToken) {
		if err := call(t.Context()); !errors.Is(err, refusals[name]) {
			t.Errorf("%s: got %v, want %v", name, err, refusals[name])
		}
	}
	for name, detail := range optionLines(t, s) {
		grants, found := strings.CutPrefix(detail, "off; it needs ")
		if !found {
			t.Errorf("%s: %s", name, detail)
		}
		granted += grants + ";"
	}
	pg.Exec(t, granted)

	// What is found at start stays until the next.
	for name, call := range optionCalls(s, u.ID, oneTimeToken) {
		if err := call(t.Context()); !errors.Is(err, refusals[name]) {
			t.Errorf("%s, granted since: got %v, want %v", name, err, refusals[name])
		}
	}
	for name, u2 := range map[string]string{"with what was printed": url, "of the README": leastRole(t, pg, readmeOptions)} {
		s := open(t, postgres.Config{URL: u2})
		for option, detail := range optionLines(t, s) {
			if detail != "granted" {
				t.Errorf("the role %s, %s: %s", name, option, detail)
			}
		}
		for option, call := range optionCalls(s, u.ID, oneTimeToken) {
			if err := call(t.Context()); err != nil {
				t.Errorf("the role %s, %s: %v", name, option, err)
			}
		}
		site.AddVerification(t, "one-time-token:"+oneTimeToken, "tok", time.Now().Add(time.Minute)) // for the other
		for _, query := range []string{
			`SELECT "accessToken" FROM account`, "UPDATE account SET password = 'x'", "UPDATE session SET token = 'x'",
			`INSERT INTO session ("impersonatedBy") VALUES ('x')`, "UPDATE verification SET value = 'x'",
			"INSERT INTO verification (identifier) VALUES ('x')", "DELETE FROM account",
		} {
			if _, err := openSQL(t, u2).ExecContext(t.Context(), query); err == nil || !strings.Contains(err.Error(), "42501") {
				t.Errorf("the role %s: %s gives %v, want no permission", name, query, err)
			}
		}
	}
}

// What no grant helps against keeps one thing off, and says why.
func TestWhatStaysOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema, edit, off string
		says              []string
	}{
		"no password column":     {"postgres_schema.sql", `ALTER TABLE account DROP COLUMN password`, hashes, []string{`"password"`}},
		"no table":               {"postgres_schema.sql", `DROP TABLE verification`, oneTime, []string{`"verification"`}},
		"another's table":        {"postgres_schema.sql", `DROP TABLE verification; CREATE TABLE verification (id int, done bool)`, oneTime, []string{`"verification"`}},
		"a time that is none":    {"postgres_schema.sql", `ALTER TABLE verification ALTER "expiresAt" TYPE text`, oneTime, []string{`"expiresAt"`, "text", "timestamptz"}},
		"a value we do not know": {"postgres_schema.sql", `ALTER TABLE session ADD "deviceId" text NOT NULL`, making, []string{`"deviceId"`, "no default"}},
		"numbers from elsewhere": {"variants/postgres_serial.sql", `ALTER TABLE session ALTER id DROP IDENTITY`, making, []string{`"id"`, "no default"}},
		"a second factor that is no boolean": {
			"variants/postgres_all_plugins.sql", `ALTER TABLE "user" ALTER "twoFactorEnabled" TYPE text USING NULL`, hashes,
			[]string{`"twoFactorEnabled"`, "bool"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, c.schema)
			pg.Exec(t, c.edit)
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
			for option, detail := range optionLines(t, s) {
				if option != c.off {
					if detail != "granted" {
						t.Errorf("%s: %s", option, detail)
					}
					continue
				}
				for _, w := range append(c.says, "off; ") {
					if !strings.Contains(detail, w) {
						t.Errorf("%s: %q does not say %s", option, detail, w)
					}
				}
			}
			if err := optionCalls(s, "1", store.NewID())[c.off](t.Context()); !errors.Is(err, refusals[c.off]) {
				t.Errorf("%s: got %v, want %v", c.off, err, refusals[c.off])
			}
		})
	}
}

// Ids that a sequence gives need the right to count; an identity does not. A
// second factor that may not be read keeps the hashes off.
func TestGrantsOfOtherSchemas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, edit, option, want string }{
		"identity": {"variants/postgres_serial.sql", "", making, `^off; it needs GRANT INSERT \("userId", [^;]*$`},
		"sequence": {
			"variants/postgres_serial.sql", `ALTER TABLE session ALTER id DROP IDENTITY; CREATE SEQUENCE "Count";
				ALTER TABLE session ALTER id SET DEFAULT nextval('"Count"')`,
			making, `; GRANT USAGE ON SEQUENCE public\."Count" TO`,
		},
		"two factors": {"variants/postgres_all_plugins.sql", "", hashes, `; GRANT SELECT \("twoFactorEnabled"\) ON "public"\."user" TO`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, c.schema)
			if c.edit != "" {
				pg.Exec(t, c.edit)
			}
			if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).Close(); err != nil {
				t.Fatal(err)
			}
			url := leastRole(t, pg)
			detail := optionLines(t, open(t, postgres.Config{URL: url}))[c.option]
			if !regexp.MustCompile(c.want).MatchString(detail) {
				t.Errorf("%s: %s", c.option, detail)
			}
			pg.Exec(t, strings.TrimPrefix(detail, "off; it needs "))
			pg.Exec(t, `INSERT INTO "user" (name, email, "emailVerified"`+id(c.schema)[0]+`) VALUES ('Ann', 'a@b', false`+id(c.schema)[1]+`)`)
			s := open(t, postgres.Config{URL: url})
			if err := optionCalls(s, "1", "")[c.option](t.Context()); err != nil {
				t.Errorf("with the grant: %v", err)
			}
		})
	}
}

// id is the id column and the id of a user in a schema that does not number.
func id(schema string) [2]string {
	if strings.Contains(schema, "serial") {
		return [2]string{}
	}
	return [2]string{", id", ", '1'"}
}

func TestSiteWritesOnEverySchema(t *testing.T) {
	t.Parallel()
	for name, v := range testenv.Some(t, variants(), "all plugins", "drizzle", "serial", "names of its own") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := v.load(t)
			pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET timezone = 'America/New_York'")
			clock := storetest.NewClock()
			cfg := v.config(t, pg.URL())
			cfg.Now = clock.Now
			s := open(t, cfg)
			for option, detail := range optionLines(t, s) {
				if detail != "granted" {
					t.Fatalf("%s: %s", option, detail)
				}
			}
			tables := accountTable(name)
			d := openSQL(t, pg.URL())
			exec := func(query string, args ...any) {
				t.Helper()
				if _, err := d.ExecContext(t.Context(), v.sql(tables.Replace(query)), args...); err != nil {
					t.Fatal(err)
				}
			}
			now := v.wall(t, clock.Now())
			exec(`INSERT INTO USER (USERID, name, email, "emailVerified", "createdAt", "updatedAt", username)
				VALUES ($1, 'Ann', 'ann@example.com', true, $2, $2, 'ann')`, v.userID, now)
			exec(`INSERT INTO ACCOUNT (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
				VALUES ($1, $2, 'credential', $3, 'salt:key', $4, $4)`, v.sessionID, v.userID, v.userID, now)

			ctx := t.Context()
			twoFactor := name == "all plugins"
			if twoFactor {
				exec(`UPDATE USER SET "twoFactorEnabled" = true`)
			}
			for value, by := range map[string]store.UserKey{v.userID: store.ByID, "ANN": store.ByUsername, "Ann@Example.com": store.ByEmail} {
				c, err := s.GetCredential(ctx, by, value)
				if err != nil || c.PasswordHash != "salt:key" || c.TwoFactor != twoFactor || c.User.ID != v.userID {
					t.Errorf("credential of %s: %+v, %v", value, c, err)
				}
			}
			for _, id := range []string{v.otherUser, v.malformed, "", "' OR true --"} {
				if _, err := s.GetCredential(ctx, store.ByID, id); !errors.Is(err, store.ErrUserNotFound) {
					t.Errorf("credential of %q: %v", id, err)
				}
			}

			n := store.NewSession{UserID: v.userID, Token: store.NewID(), Lifetime: 90 * time.Minute, IPAddress: "203.0.113.7", UserAgent: "launcher"}
			made, _, err := s.CreateSession(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			if !made.ExpiresAt.Equal(clock.Now().Add(n.Lifetime)) || !made.CreatedAt.Equal(clock.Now()) || !made.UpdatedAt.Equal(clock.Now()) {
				t.Errorf("made %+v at %v", made, clock.Now())
			}
			var count int
			if err := d.QueryRowContext(ctx, v.sql(`SELECT count(*) FROM SESSION WHERE TOKEN = $1 AND "expiresAt" = $2 AND "createdAt" = $3 AND "updatedAt" = $3`),
				n.Token, v.wall(t, clock.Now().Add(n.Lifetime)), now).Scan(&count); err != nil || count != 1 {
				t.Errorf("stored as the site stores it: %d, %v", count, err)
			}
			form := map[string]string{"serial": `^\d+$`, "uuid": `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`}[name]
			if form == "" {
				form = `^[A-Za-z0-9]{32}$`
			}
			if !regexp.MustCompile(form).MatchString(made.ID) {
				t.Errorf("the session has the id %q", made.ID)
			}
			if _, _, err := s.CreateSession(ctx, n); !errors.Is(err, store.ErrSessionTokenTaken) {
				t.Errorf("the token again: %v", err)
			}
			if _, _, err := s.CreateSession(ctx, store.NewSession{UserID: v.otherUser, Token: store.NewID(), Lifetime: time.Hour}); !errors.Is(err, store.ErrUserNotFound) {
				t.Errorf("for a user who is not there: %v", err)
			}

			oneTimeToken := store.NewID()
			exec(`INSERT INTO VERIFICATION (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $5)`,
				v.sessionID, "one-time-token:"+oneTimeToken, n.Token, now, now)
			if sess, u, err := s.RedeemOneTimeToken(ctx, oneTimeToken); err != nil || sess.ID != made.ID || u.ID != v.userID {
				t.Errorf("redeemed %+v, %+v, %v", sess, u, err)
			}
			if _, _, err := s.RedeemOneTimeToken(ctx, oneTimeToken); !errors.Is(err, store.ErrTicketInvalid) {
				t.Errorf("redeemed again: %v", err)
			}

			if err := s.RevokeSession(ctx, n.Token); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.GetSession(ctx, n.Token, store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
				t.Errorf("revoked: %v", err)
			}
			exec(`UPDATE USER SET banned = true, "banExpires" = $1`, now)
			if _, _, err := s.CreateSession(ctx, n); !errors.Is(err, store.ErrUserBanned) {
				t.Errorf("at the end of a ban: %v", err)
			}
			clock.Advance(time.Millisecond)
			if _, _, err := s.CreateSession(ctx, n); err != nil {
				t.Errorf("after a ban: %v", err)
			}
		})
	}
}

func TestSiteWritesWithHashedTokens(t *testing.T) {
	t.Parallel()
	for _, form := range store.TokenForms() {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			pg := migrated(t)
			pg.Exec(t, `INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('u', 'Ann', 'a@b', false)`)
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, TokenForm: form})
			ctx := t.Context()
			site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
			// Every token has another hash: + and / of base64 come in some.
			for range 20 {
				n := store.NewSession{UserID: "u", Token: store.NewID(), Lifetime: time.Hour}
				made, _, err := s.CreateSession(ctx, n)
				if err != nil {
					t.Fatal(err)
				}
				var stored string
				if err := site.DB.QueryRowContext(ctx, `SELECT token FROM session WHERE id = $1`, made.ID).Scan(&stored); err != nil || stored != form.Stored(n.Token) {
					t.Fatalf("stored %q, %v; want %q", stored, err, form.Stored(n.Token))
				}
				oneTimeToken := store.NewID()
				site.AddVerification(t, "one-time-token:"+oneTimeToken, n.Token, time.Now().Add(time.Minute))
				if sess, _, err := s.RedeemOneTimeToken(ctx, oneTimeToken); err != nil || sess.ID != made.ID {
					t.Fatalf("redeemed %+v, %v", sess, err)
				}
				if err := s.RevokeSession(ctx, n.Token); err != nil {
					t.Fatal(err)
				}
			}
			if n := site.CountSessions(t); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

// A unique value other than the token is not blamed on the caller.
func TestAnotherUniqueValueOfASession(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	pg.Exec(t, `INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('u', 'Ann', 'a@b', false);
		CREATE UNIQUE INDEX one_agent ON session ("userAgent")`)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	create := func() error {
		_, _, err := s.CreateSession(t.Context(), store.NewSession{UserID: "u", Token: store.NewID(), Lifetime: time.Hour})
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	if err := create(); err == nil || errs.KindOf(err) != errs.Internal {
		t.Errorf("the second: %v", err)
	}
}

// accountTable names the tables of a variant that its own sql does not.
func accountTable(variant string) *strings.Replacer {
	switch variant {
	case "plural":
		return strings.NewReplacer("ACCOUNT", "accounts", "VERIFICATION", "verifications")
	case "names of its own":
		return strings.NewReplacer("ACCOUNT", "credentials", "VERIFICATION", "proofs")
	}
	return strings.NewReplacer("ACCOUNT", "account", "VERIFICATION", "verification")
}
