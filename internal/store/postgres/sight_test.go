package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// sighted is a store of a role with the README's rights, and what is around it.
type sighted struct {
	pg    *testenv.PG
	site  *storetest.SQLWebsite
	url   string
	role  string
	store *postgres.Store
	user  storetest.FixtureUser
	token string
	gone  string // the id of a user who is not there
}

// openSighted opens a store as the README's role, with a session that lives.
func openSighted(t *testing.T, before string) *sighted {
	t.Helper()
	e := &sighted{pg: migrated(t), token: store.NewID(), gone: store.NewID()}
	e.site = &storetest.SQLWebsite{DB: openSQL(t, e.pg.URL()), Engine: "postgres"}
	e.site.FillTables(t)
	e.user = storetest.Fixtures(t, "postgres")["spaces"]
	e.site.AddSession(t, "living", e.token, e.user.ID, time.Now().Add(24*time.Hour))
	if err := open(t, postgres.Config{URL: e.pg.URL(), Migrate: true}).Close(); err != nil {
		t.Fatal(err)
	}
	e.url = leastRole(t, e.pg, func(t testing.TB, role string) string {
		t.Helper()
		e.role = role
		return readmeOptions(t, role)
	})
	e.run(t, before)
	e.store = open(t, postgres.Config{URL: e.url})
	return e
}

// run executes SQL as the owner; ROLE stands for the store's.
func (e *sighted) run(t testing.TB, sql string) {
	t.Helper()
	e.pg.Exec(t, strings.ReplaceAll(sql, "ROLE_", e.role))
}

// inOrder is Report.OK but for the change feed, for which the role has no rights.
func inOrder(r store.Report) bool {
	return !slices.ContainsFunc(r.Lines, func(l store.ReportLine) bool { return !l.OK && l.Object != "change feed" })
}

// calls are those whose answer says that something is there, or is not.
func (e *sighted) calls() map[string]func(context.Context) error {
	s, id := e.store, e.user.ID
	return map[string]func(context.Context) error{
		"GetUser": func(ctx context.Context) error { _, err := s.GetUser(ctx, id, store.Fresh); return err },
		"GetUserByUsername": func(ctx context.Context) error {
			_, err := s.GetUserByUsername(ctx, e.user.Username, store.Fresh)
			return err
		},
		"GetUserByEmail": func(ctx context.Context) error {
			_, err := s.GetUserByEmail(ctx, e.user.Email, store.Fresh)
			return err
		},
		"GetSession":     func(ctx context.Context) error { _, _, err := s.GetSession(ctx, e.token, store.Fresh); return err },
		"RefreshSession": func(ctx context.Context) error { _, _, err := s.RefreshSession(ctx, e.token); return err },
		"CheckSessions": func(ctx context.Context) error {
			verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{{SessionID: "living", UserID: id}, {UserID: id}})
			return errors.Join(append(verdicts, err)...)
		},
		"GetCredential": func(ctx context.Context) error {
			c, err := s.GetCredential(ctx, store.ByID, id)
			if err == nil && c.PasswordHash == "" {
				err = errors.New("there is no hash")
			}
			return err
		},
		"SetGameAccount": func(ctx context.Context) error { return s.SetGameAccount(ctx, store.GameAccount{UserID: id}) },
	}
}

// hiddenBy are the calls that need a table.
var hiddenBy = map[string][]string{
	`"user"`:  {"GetUser", "GetUserByUsername", "GetUserByEmail", "GetSession", "RefreshSession", "CheckSessions", "GetCredential", "SetGameAccount"},
	"session": {"GetSession", "RefreshSession", "CheckSessions"},
	"account": {"GetCredential", "SetGameAccount"},
}

// Rows that row-level security hides are never taken for rows that are gone,
// also when it comes while the server runs; what is printed mends it.
func TestRowsThatAreHiddenAreNotGone(t *testing.T) {
	t.Parallel()
	const self = `CREATE POLICY self ON %[1]s FOR SELECT USING (false);`
	for name, rls := range testenv.Some(t, map[string]string{
		"no policy":            `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY`,
		"a policy for some":    `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;` + self,
		"a policy for another": `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; CREATE POLICY other ON %[1]s FOR SELECT TO pg_monitor USING (true)`,
		"a policy to write":    `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; CREATE POLICY writes ON %[1]s FOR UPDATE USING (true)`,
		"restrictive": `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON %[1]s USING (true);
			CREATE POLICY tenant ON %[1]s AS RESTRICTIVE FOR SELECT USING (current_setting('tenant.id', true) = 'x')`,
	}, "a policy for some", "restrictive") {
		for table, calls := range hiddenBy {
			t.Run(name+" on "+table, func(t *testing.T) {
				t.Parallel()
				e := openSighted(t, "")
				e.run(t, fmt.Sprintf(rls, table))
				for call, f := range e.calls() {
					err := f(t.Context())
					if !slices.Contains(calls, call) {
						if err != nil {
							t.Errorf("%s, which does not need %s: %v", call, table, err)
						}
						continue
					}
					if !errors.Is(err, store.ErrWebsiteHidden) || errs.KindOf(err) != errs.Unavailable {
						t.Errorf("%s: got %v, want %v", call, err, store.ErrWebsiteHidden)
					}
				}
				mend := "CREATE POLICY waystone_select ON "
				if name == "restrictive" {
					mend = "ALTER ROLE"
				}
				for what, err := range map[string]error{"WebsiteHidden": e.store.WebsiteHidden(t.Context()), "WebsiteHealth": e.store.WebsiteHealth(t.Context())} {
					if !errors.Is(err, store.ErrWebsiteHidden) || !strings.Contains(fmt.Sprint(err), mend) {
						t.Errorf("%s: %v does not say %s", what, err, mend)
					}
				}
				_, err := postgres.Open(t.Context(), postgres.Config{URL: e.url})
				wantSentence(t, err, errs.FailedPrecondition, strings.Trim(table, `"`), mend, "BYPASSRLS")
				report, err := postgres.Check(t.Context(), postgres.Config{URL: e.url})
				if err != nil || inOrder(report) || len(report.Grants) == 0 {
					t.Fatalf("the check: %+v, %v", report, err)
				}
				e.pg.Exec(t, strings.Join(report.Grants, ";"))
				again := open(t, postgres.Config{URL: e.url})
				if report, err := again.Check(t.Context()); err != nil || !inOrder(report) {
					t.Errorf("with %q: %+v, %v", report.Grants, report, err)
				}
				if err := e.store.WebsiteHidden(t.Context()); err != nil {
					t.Errorf("with what was printed, the running server says %v", err)
				}
				for call, f := range e.calls() {
					if err := f(t.Context()); err != nil {
						t.Errorf("%s with what was printed: %v", call, err)
					}
				}
			})
		}
	}
}

// A policy that shows the role everything is enough, and what is not there is
// not there. It is looked at again with every such answer.
func TestAPolicyThatShowsTheRoleEverything(t *testing.T) {
	t.Parallel()
	var sql strings.Builder
	for _, table := range []string{`"user"`, "session", "account", "verification"} {
		fmt.Fprintf(&sql, `ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
			CREATE POLICY website ON %[1]s USING (current_setting('app.user', true) = 'x');
			CREATE POLICY waystone ON %[1]s TO ROLE_ USING (true);`, table)
	}
	e := openSighted(t, sql.String())
	if report, err := e.store.Check(t.Context()); err != nil || !inOrder(report) || len(report.Grants) != 0 {
		t.Errorf("check: %+v, %v", report, err)
	}
	for call, f := range e.calls() {
		if err := f(t.Context()); err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
	if _, err := e.store.GetUser(t.Context(), e.gone, store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("a user who is not there: %v", err)
	}
	e.run(t, `DROP POLICY waystone ON "user"; DROP POLICY waystone ON session; DROP POLICY waystone ON account`)
	for call, f := range e.calls() {
		if err := f(t.Context()); !errors.Is(err, store.ErrWebsiteHidden) {
			t.Errorf("%s without the policy: got %v, want %v", call, err, store.ErrWebsiteHidden)
		}
	}
	if err := e.store.RevokeSession(t.Context(), e.token); !errors.Is(err, store.ErrWebsiteHidden) {
		t.Errorf("the end of a session that is hidden: got %v", err)
	}
}

// Row-level security that lets the role read and not write takes away what it
// would write, and not the start.
func TestPoliciesToWriteAreNamed(t *testing.T) {
	t.Parallel()
	e := openSighted(t, `ALTER TABLE session ENABLE ROW LEVEL SECURITY; CREATE POLICY reads ON session FOR SELECT USING (true)`)
	report, err := e.store.Check(t.Context())
	if err != nil || !inOrder(report) {
		t.Fatalf("check: %+v, %v", report, err)
	}
	text := fmt.Sprint(report.Lines)
	for _, cmd := range []string{"UPDATE", "INSERT", "DELETE"} {
		if want := "CREATE POLICY waystone_" + strings.ToLower(cmd) + ` ON "public"."session" FOR ` + cmd; !strings.Contains(text, want) {
			t.Errorf("the check does not say %s:\n%s", want, text)
		}
	}
	if _, _, err := e.store.CreateSession(t.Context(), store.NewSession{UserID: e.user.ID, Token: store.NewID(), Lifetime: time.Hour}); !errors.Is(err, store.ErrNoSessionsGrant) {
		t.Errorf("making a session: %v", err)
	}
	if _, _, err := e.store.RefreshSession(t.Context(), e.token); err != nil {
		t.Errorf("a session that is not prolonged: %v", err)
	}
}

// A policy that is taken back while the server runs leaves rows as they are, of
// which the statements say nothing: neither a session's end nor a ban is then told
// to have been done, or to have had nobody to be done to.
func TestPoliciesToWriteThatAreTakenBack(t *testing.T) {
	t.Parallel()
	e := openSighted(t, `GRANT SELECT, UPDATE ON "user" TO ROLE_; GRANT DELETE ON session TO ROLE_;
		ALTER TABLE "user" ENABLE ROW LEVEL SECURITY; ALTER TABLE session ENABLE ROW LEVEL SECURITY;
		CREATE POLICY reads ON "user" FOR SELECT USING (true); CREATE POLICY reads ON session FOR SELECT USING (true);
		CREATE POLICY writes ON "user" USING (true) WITH CHECK (true); CREATE POLICY writes ON session USING (true) WITH CHECK (true)`)
	if err := e.store.SetBan(t.Context(), e.user.ID, store.Ban{}); err != nil {
		t.Fatal(err)
	}
	e.run(t, `DROP POLICY writes ON "user"; DROP POLICY writes ON session`)
	if err := e.store.RevokeSession(t.Context(), e.token); !errors.Is(err, store.ErrWebsiteHidden) || !strings.Contains(err.Error(), "FOR DELETE") {
		t.Errorf("the end of a session that cannot be deleted: got %v", err)
	}
	if _, _, err := e.store.GetSession(t.Context(), e.token, store.Fresh); err != nil {
		t.Errorf("the session: %v", err)
	}
	err := e.store.SetBan(t.Context(), e.user.ID, store.Ban{Banned: true})
	if errors.Is(err, store.ErrUserNotFound) || err == nil || !strings.Contains(err.Error(), "row-level security keeps") {
		t.Errorf("a ban that cannot be written: got %v", err)
	}
}

// A grant that is taken back while the server runs is no absence either.
func TestGrantsThatAreTakenBack(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]string{
		"a table":  `REVOKE ALL ON "user" FROM ROLE_; REVOKE ALL ON session FROM ROLE_`,
		"a column": `REVOKE SELECT (email) ON "user" FROM ROLE_; REVOKE SELECT (token) ON session FROM ROLE_`,
		"a schema": `REVOKE USAGE ON SCHEMA public FROM PUBLIC, ROLE_`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openSighted(t, "")
			e.run(t, revoke)
			for _, call := range []string{"GetUser", "GetSession", "CheckSessions"} {
				if err := e.calls()[call](t.Context()); name != "a column" && !errors.Is(err, store.ErrWebsiteHidden) {
					t.Errorf("%s: got %v", call, err)
				}
			}
			if err := e.store.WebsiteHealth(t.Context()); !errors.Is(err, store.ErrWebsiteHidden) {
				t.Errorf("WebsiteHealth: got %v", err)
			}
			_, err := postgres.Open(t.Context(), postgres.Config{URL: e.url, Schema: "public"})
			wantSentence(t, err, errs.FailedPrecondition, "GRANT", e.role)
		})
	}
}

// What may not show all users is named and starts, and nobody is said to be gone
// because of it.
func TestTablesThatMayNotShowEverybody(t *testing.T) {
	t.Parallel()
	const rename = `ALTER TABLE "user" RENAME TO everybody; `
	for name, c := range map[string]struct {
		sql  string
		want string // "" for nothing
	}{
		"a table":             {``, ""},
		"a view of all":       {rename + `CREATE VIEW "user" AS SELECT * FROM everybody`, ""},
		"a view of some":      {rename + `CREATE VIEW "user" WITH (security_barrier) AS SELECT * FROM everybody WHERE email LIKE '%'`, "view"},
		"a materialized view": {rename + `CREATE MATERIALIZED VIEW "user" AS SELECT * FROM everybody`, "materialized view"},
		"a partition": {
			`CREATE TABLE everybody (LIKE "user") PARTITION BY LIST (name); ALTER TABLE everybody ATTACH PARTITION "user" DEFAULT`, `partition of public.everybody`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openSighted(t, c.sql+`; GRANT SELECT ON "user" TO ROLE_`)
			if err := e.store.WebsiteHealth(t.Context()); err != nil {
				t.Errorf("WebsiteHealth: %v", err)
			}
			report, err := e.store.Check(t.Context())
			if err != nil || !inOrder(report) {
				t.Fatalf("check: %+v, %v", report, err)
			}
			warned := slices.ContainsFunc(report.Lines, func(l store.ReportLine) bool {
				return l.Object == "rows of the website" && l.Warning && strings.Contains(l.Detail, c.want)
			})
			err = e.store.WebsiteHidden(t.Context())
			if warned != (c.want != "") || errors.Is(err, store.ErrWebsiteHidden) != (c.want != "") {
				t.Errorf("warned %v, WebsiteHidden %v: %+v", warned, err, report.Lines)
			}
			if err := e.calls()["GetSession"](t.Context()); err != nil {
				t.Errorf("GetSession: %v", err)
			}
		})
	}
}

// A view whose own tables are hidden is found although it is no table with rules.
func TestAViewOverHiddenRows(t *testing.T) {
	t.Parallel()
	e := openSighted(t, `ALTER TABLE "user" RENAME TO everybody; CREATE VIEW "user" WITH (security_invoker) AS SELECT * FROM everybody;
		GRANT SELECT ON "user", everybody TO ROLE_`)
	e.run(t, `ALTER TABLE everybody ENABLE ROW LEVEL SECURITY`)
	for _, call := range []string{"GetUser", "GetSession", "CheckSessions"} {
		if err := e.calls()[call](t.Context()); !errors.Is(err, store.ErrWebsiteHidden) {
			t.Errorf("%s: got %v", call, err)
		}
	}
	if err := e.store.WebsiteHealth(t.Context()); !errors.Is(err, store.ErrWebsiteHidden) {
		t.Errorf("WebsiteHealth: got %v", err)
	}
}

// A table that has lost most of its users is being restored, or is another one.
func TestUsersWhoAreMissingInLargeNumbers(t *testing.T) {
	t.Parallel()
	e := openSighted(t, `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT 'many' || n, 'x', n || '@example.com', true, now(), now() FROM generate_series(1, 40) n`)
	ctx := t.Context()
	for n := 1; n <= 20; n++ {
		c := store.NewCharacter{UserID: fmt.Sprintf("many%d", n), Name: fmt.Sprintf("Hero%c%c", "acdefghjkp"[n%10], "acdefghjkp"[n/10]), Key: store.NewID()}
		if _, err := e.store.CreateCharacter(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	wantHidden := func(when string, s *postgres.Store, want string) {
		t.Helper()
		err := s.WebsiteHealth(ctx)
		if want == "" && err != nil || want != "" && (!errors.Is(err, store.ErrWebsiteHidden) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", when, err, want)
		}
	}
	wantHidden("with everybody", e.store, "")
	e.run(t, `DELETE FROM "user" WHERE id IN ('many1', 'many2', 'many3')`)
	wantHidden("without a few", e.store, "")
	e.run(t, `CREATE TABLE kept AS SELECT * FROM "user" WHERE id LIKE 'many%'; DELETE FROM "user" WHERE id LIKE 'many%' AND id <> 'many20'`)
	wantHidden("without most", e.store, `"public"."user" had`)
	report, err := e.store.Check(ctx)
	if err != nil || inOrder(report) {
		t.Errorf("the check without most: %+v, %v", report, err)
	}
	wantHidden("without most, after a restart", open(t, postgres.Config{URL: e.url}), "19 of 20 users with characters")
	e.run(t, `DELETE FROM "user"`)
	wantHidden("without anybody", open(t, postgres.Config{URL: e.url}), "no users at all")
	e.run(t, `INSERT INTO "user" SELECT * FROM kept`)
	wantHidden("with most again", e.store, "")
}
