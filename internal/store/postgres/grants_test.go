package postgres_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

// What a check prints as missing is what is missing: with it, the check is
// content. What the README grants is no more than that.
func TestCheckPrintsTheGrantsThatAreMissing(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).MakeFeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, `REVOKE ALL ON SCHEMA public FROM PUBLIC`)
	role, url := pg.Role(t)
	pg.Exec(t, readmeGrants(t, role).game)

	// Without USAGE the schema is not on the search path.
	cfg := postgres.Config{URL: url, Schema: "public"}
	report, err := postgres.Check(t.Context(), cfg)
	if err != nil || report.OK() {
		t.Fatalf("without any grant: %+v, %v", report, err)
	}
	if n := len(report.Grants); n != 3 {
		t.Errorf("%d grants: %q; want USAGE and SELECT on two tables", n, report.Grants)
	}
	pg.Exec(t, strings.Join(report.Grants, ";\n"))
	report, err = postgres.Check(t.Context(), cfg)
	if err != nil || !report.OK() || len(report.Grants) != 1 {
		t.Fatalf("with what was printed: %+v, %v; want only prolonging to be off", report, err)
	}
	pg.Exec(t, report.Grants[0])
	report, err = postgres.Check(t.Context(), cfg)
	if err != nil || !report.OK() || len(report.Grants) != 0 {
		t.Fatalf("with everything: %+v, %v", report, err)
	}

	// The README's role has every right that the printed ones gave, and a
	// password can be read with neither.
	for name, u := range map[string]string{"printed": url, "of the README": leastRole(t, pg)} {
		s := open(t, postgres.Config{URL: u, Schema: "public"})
		if report, err := s.Check(t.Context()); err != nil || !report.OK() || len(report.Grants) != 0 {
			t.Errorf("the role %s: %+v, %v", name, report, err)
		}
		for _, query := range []string{
			"SELECT password FROM account", "DELETE FROM session", "UPDATE session SET token = 'x'",
			`UPDATE "user" SET role = 'admin'`, `INSERT INTO "user" (id) VALUES ('x')`,
		} {
			if _, err := openSQL(t, u).ExecContext(t.Context(), query); err == nil || !strings.Contains(err.Error(), "42501") {
				t.Errorf("the role %s: %s gives %v, want no permission", name, query, err)
			}
		}
	}
}
