package sqlite_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// lineOf returns the line of a check on an object.
func lineOf(t *testing.T, cfg sqlite.Config, object string) store.ReportLine {
	t.Helper()
	s := open(t, cfg)
	defer s.Close()
	report, err := s.Check(t.Context())
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

// said is what the line on an object has to say of a website.
type said struct {
	sql     string // run before
	cfg     sqlite.Config
	object  string
	warning bool
	fails   bool
	want    string
}

func checkSaid(t *testing.T, w *storetest.SQLWebsite, path string, cases []said) {
	t.Helper()
	for _, c := range cases {
		if c.sql != "" {
			exec(t, w.DB, c.sql)
		}
		c.cfg.Path = path
		l := lineOf(t, c.cfg, c.object)
		if l.Warning != c.warning || l.OK == c.fails || !strings.Contains(l.Detail, c.want) {
			t.Errorf("%s, after %s: %+v; want %q", c.object, c.sql, l, c.want)
		}
	}
}

// What the rows say against what is assumed of the website is a warning.
func TestWhatTheRowsSayAgainstTheSettings(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	u := storetest.Fixtures(t, "sqlite")["spaces"]
	month := sqlite.Config{SessionExpiresIn: 720 * time.Hour, SessionUpdateAge: 24 * time.Hour}
	const life, prolonged, shape, names = "life of sessions", "prolonging of sessions", "shape of user names", "user names"
	checkSaid(t, w, path, []said{
		{"DELETE FROM session", sqlite.Config{}, life, false, false, "too few sessions"},
		{`WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9)
			INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
			SELECT 'l' || n, 'l' || n, '` + u.ID + `', '2026-07-31T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z' FROM n
			UNION ALL SELECT 'f' || n, 'f' || n, '` + u.ID + `', '2026-07-03T00:00:00.000Z', '2026-07-02T00:00:00.000Z', '2026-07-02T00:00:00.000Z' FROM n`,
			sqlite.Config{}, life, true, false, "9 of the newest 9 long sessions live 720h0m0s"},
		{"", month, life, false, false, "720h0m0s, as"},
		{"", month, prolonged, false, false, "24h0m0s"},
		{`UPDATE session SET "createdAt" = '2026-06-30T22:00:00.000Z' WHERE id = 'l1'`, month, prolonged, true, false, "one 2h0m0s after"},
		{"", sqlite.Config{SessionExpiresIn: 720 * time.Hour, SessionUpdateAge: time.Hour}, prolonged, false, false, "1h0m0s"},
		{"", sqlite.Config{}, shape, false, false, "3 to 30"},
		{`UPDATE "user" SET username = 'jo' WHERE id = '` + u.ID + `'`, sqlite.Config{}, shape, true, false, `1 do not have 3 to 30 characters`},
		{"", sqlite.Config{UsernameMin: 2}, shape, false, false, "2 to 30"},
		{`UPDATE "user" SET username = 'with-dash' WHERE id = '` + u.ID + `'`, sqlite.Config{}, shape, true, false, `such as "with-dash"`},
		{"", sqlite.Config{}, names, false, false, "all in lower case"},
		{`UPDATE "user" SET username = 'Zoe' WHERE id = '` + u.ID + `'`, sqlite.Config{}, names, true, false, "1 not in lower case, such as Zoe"},
		{"", sqlite.Config{NameCase: store.NameCaseFold}, names, true, false, "=fold does not find"},
		{`INSERT INTO "user" (id, name, email, "emailVerified", username, "createdAt", "updatedAt")
			VALUES ('z', 'z', 'z@example.com', 0, 'zoe', '2026-07-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z')`,
			sqlite.Config{NameCase: store.NameCaseExact}, names, true, false, "Zoe (id " + u.ID + "), zoe (id z)"},
		{"", sqlite.Config{}, "form of password hashes", false, false, "better-auth's own"},
		{`UPDATE account SET password = '$2b$10$abcdefghijklmnopqrstuv' WHERE password IS NOT NULL`, sqlite.Config{}, "form of password hashes", true, false, "another form"},
	})
}

// The type of a column says little in SQLite: what is stored is looked at, at the
// start too.
func TestValuesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	checkSaid(t, w, path, []said{
		{"", sqlite.Config{}, "forms of values", false, false, "as they are needed"},
		{`UPDATE session SET "expiresAt" = 1795448370`, sqlite.Config{}, "form of session.expiresAt", true, false, `such as "1795448370", which is no time`},
		{`UPDATE "user" SET "banExpires" = '2026-11-23' WHERE username = (SELECT min(username) FROM "user")`, sqlite.Config{}, "form of user.banExpires", true, false, `1 of `},
		{`UPDATE "user" SET banned = 'yes' WHERE username = (SELECT min(username) FROM "user")`, sqlite.Config{}, "form of user.banned", true, true, "neither 0 nor 1"},
		{`PRAGMA foreign_keys = OFF; UPDATE session SET "userId" = CAST("userId" AS BLOB)`, sqlite.Config{}, "form of session.userId", true, true, "stored as blob"},
	})
	var log bytes.Buffer
	open(t, sqlite.Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, field := range []string{"session.expiresAt", "user.banExpires", "user.banned", "session.userId"} {
		if !strings.Contains(log.String(), `"form of `+field+`"`) {
			t.Errorf("the start does not name %s:\n%s", field, &log)
		}
	}
}
