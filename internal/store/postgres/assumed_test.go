package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// lineOf returns the line of a check on an object.
func lineOf(t testing.TB, url string, cfg postgres.Config, object string) store.ReportLine {
	t.Helper()
	cfg.URL = url
	report, err := postgres.Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range report.Lines {
		if l.Object == object {
			return l
		}
	}
	t.Fatalf("no line on %s: %+v", object, report)
	return store.ReportLine{}
}

// What the rows say against what is assumed of the website is a warning.
func TestWhatTheRowsSayAgainstTheSettings(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).Close(); err != nil {
		t.Fatal(err)
	}
	u := storetest.Fixtures(t, "postgres")["spaces"]
	pg.Exec(t, `DELETE FROM session; INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")
		SELECT 'l' || n, 'l' || n, '`+u.ID+`', now() + interval '30 days', now() FROM generate_series(1, 9) n;
		INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")
		SELECT 'f' || n, 'f' || n, '`+u.ID+`', now() + interval '1 day', now() FROM generate_series(1, 20) n`)
	for _, c := range []struct {
		setting time.Duration
		warning bool
		want    string
	}{{0, true, "720h0m0s"}, {720 * time.Hour, false, "720h0m0s, as"}} {
		l := lineOf(t, pg.URL(), postgres.Config{SessionExpiresIn: c.setting}, "life of sessions")
		if l.Warning != c.warning || !l.OK || !strings.Contains(l.Detail, c.want) {
			t.Errorf("with %s: %+v", c.setting, l)
		}
	}
	const prolonged, shape = "prolonging of sessions", "shape of user names"
	month := postgres.Config{SessionExpiresIn: 720 * time.Hour}
	if l := lineOf(t, pg.URL(), month, prolonged); l.Warning || !strings.Contains(l.Detail, "24h0m0s") {
		t.Errorf("before any was prolonged: %+v", l)
	}
	pg.Exec(t, `UPDATE session SET "createdAt" = "updatedAt" - CASE id WHEN 'l1' THEN interval '2 hours' WHEN 'l2' THEN interval '3 hours' ELSE interval '30 hours' END
		WHERE id IN ('l1', 'l2', 'l3')`)
	if l := lineOf(t, pg.URL(), month, prolonged); !l.Warning || !l.OK || !strings.Contains(l.Detail, "2 of the newest") || !strings.Contains(l.Detail, "one 2h0m0s after") {
		t.Errorf("of a website with an updateAge of two hours: %+v", l)
	}
	month.SessionUpdateAge = 2 * time.Hour
	if l := lineOf(t, pg.URL(), month, prolonged); l.Warning {
		t.Errorf("with its setting: %+v", l)
	}
	if l := lineOf(t, pg.URL(), postgres.Config{}, shape); l.Warning || !strings.Contains(l.Detail, "3 to 30") {
		t.Errorf("of names within the bounds: %+v", l)
	}
	site.AddUser(t, "jo", "jo", "jo@example.com")
	site.AddUser(t, "dash", "with-dash", "dash@example.com")
	for _, c := range []struct {
		cfg       postgres.Config
		has, lack string
	}{
		{postgres.Config{}, `1 do not have 3 to 30 characters`, "99"},
		{postgres.Config{}, `1 have other characters than letters, digits, underscores and dots, such as "with-dash"`, "99"},
		{postgres.Config{UsernameMin: 2}, `"with-dash"`, "WEBSITE_USERNAME_MIN"},
	} {
		l := lineOf(t, pg.URL(), c.cfg, shape)
		if !l.Warning || !l.OK || !strings.Contains(l.Detail, c.has) || strings.Contains(l.Detail, c.lack) {
			t.Errorf("with %d: %+v", c.cfg.UsernameMin, l)
		}
	}
	const hashes = "form of password hashes"
	if l := lineOf(t, pg.URL(), postgres.Config{}, hashes); l.Warning {
		t.Errorf("of the website's own hashes: %+v", l)
	}
	site.SetPassword(t, u.ID, "$2b$10$abcdefghijklmnopqrstuv")
	if l := lineOf(t, pg.URL(), postgres.Config{}, hashes); !l.Warning || !strings.HasPrefix(l.Detail, "1 accounts") {
		t.Errorf("of a bcrypt hash: %+v", l)
	}
	const names = "user names"
	if l := lineOf(t, pg.URL(), postgres.Config{}, names); l.Warning {
		t.Errorf("of names in lower case: %+v", l)
	}
	site.AddUser(t, "1", "Zoe", "zoe1@example.com")
	site.AddUser(t, "2", "ZOE", "zoe2@example.com")
	for _, c := range []store.NameCase{store.NameCaseAuto, store.NameCaseFold, store.NameCaseExact} {
		l := lineOf(t, pg.URL(), postgres.Config{NameCase: c}, names)
		if !l.Warning || !strings.Contains(l.Detail, "ZOE (id 2), Zoe (id 1)") || c != store.NameCaseAuto && !strings.Contains(l.Detail, "="+string(c)) {
			t.Errorf("with %s: %+v", c, l)
		}
	}
}
