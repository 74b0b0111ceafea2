package app_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestDBCheckOnEverySchemaOfTheWebsite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema, edit string
		env          env
		want         []string // in the table that is printed
	}{
		"built in": {
			schema: "postgres_schema.sql",
			want:   []string{`"public"."user", ids of type text, times with a zone, with the columns of the username plugin`, "granted"},
		},
		"all plugins": {schema: "variants/postgres_all_plugins.sql", want: []string{"ids of type text", "admin plugin"}},
		"api keys":    {schema: "postgres_schema.sql", edit: betterauth.Read("variants/postgres_apikey_plugin.sql"), want: []string{"ids of type text"}},
		"drizzle": {
			schema: "variants/postgres_drizzle.sql", env: env{"WEBSITE_TIME_ZONE": "Europe/Berlin"},
			want: []string{"times without a zone, which hold the clock of Europe/Berlin", "expiresAt=expires_at"},
		},
		"plural": {schema: "variants/postgres_snake_kysely.sql", want: []string{`"public"."accounts"`, "providerId=provider_id"}},
		"serial": {schema: "variants/postgres_serial.sql", want: []string{"ids of type int4"}},
		"uuid":   {schema: "variants/postgres_uuid.sql", want: []string{"ids of type uuid"}},
		"names of its own": {
			schema: "postgres_schema.sql",
			edit:   `ALTER TABLE session RENAME TO logins; ALTER TABLE logins RENAME "expiresAt" TO valid_until`,
			env:    env{"WEBSITE_TABLES": "session=logins", "WEBSITE_COLUMNS": "session.expiresAt=valid_until"},
			want:   []string{`"public"."logins"`, "expiresAt=valid_until"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := testenv.Postgres(t)
			pg.Exec(t, betterauth.Read(c.schema))
			pg.Exec(t, c.edit)
			e := env{"DATABASE_URL": pg.URL()}
			for k, v := range c.env {
				e[k] = v
			}
			if r := run(t, e, "", "db", "check"); r.code != 1 || !strings.Contains(r.stdout, "MISSING  schema game") {
				t.Errorf("before the migration: exit status %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			ok(t, e, "", "db", "migrate")
			out := ok(t, e, "", "db", "check")
			for _, w := range c.want {
				if !strings.Contains(out, w) {
					t.Errorf("the check does not say %s:\n%s", w, out)
				}
			}
			if strings.Contains(out, "MISSING") {
				t.Errorf("the check finds something amiss:\n%s", out)
			}
		})
	}
}

func TestDBCheckSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema, edit string
		env          env
		want         []string
	}{
		"sessions in Redis alone": {schema: "variants/postgres_redis_only.sql", want: []string{`MISSING  table "session"`, "storeSessionInDatabase: true"}},
		"no account table":        {schema: "postgres_schema.sql", edit: `DROP TABLE account`, want: []string{`MISSING  table "account"`, "WEBSITE_TABLES=account=NAME"}},
		"another name":            {schema: "postgres_schema.sql", edit: `ALTER TABLE session RENAME TO logins`, want: []string{"WEBSITE_TABLES=session=logins"}},
		"no such zone": {
			schema: "variants/postgres_drizzle.sql", env: env{"WEBSITE_TIME_ZONE": "Mars/Olympus"},
			want: []string{"MISSING  time zone", `"Mars/Olympus"`},
		},
		"a wrong name": {
			schema: "postgres_schema.sql", env: env{"WEBSITE_COLUMNS": "session.expiresAt=valid_until"},
			want: []string{`no column "valid_until", which WEBSITE_COLUMNS names for session.expiresAt`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := testenv.Postgres(t)
			pg.Exec(t, betterauth.Read(c.schema))
			pg.Exec(t, c.edit)
			e := env{"DATABASE_URL": pg.URL()}
			for k, v := range c.env {
				e[k] = v
			}
			r := run(t, e, "", "db", "check")
			if r.code != 1 {
				t.Errorf("exit status %d, want 1: %s", r.code, r.stderr)
			}
			for _, w := range c.want {
				if !strings.Contains(r.stdout, w) {
					t.Errorf("the check does not say %s:\n%s", w, r.stdout)
				}
			}
		})
	}
}

// The grants that are missing come as statements, ready to be run.
func TestDBCheckPrintsGrants(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	pg.Exec(t, betterauth.Read("postgres_schema.sql"))
	_, url := pg.Role(t)
	r := run(t, env{"DATABASE_URL": url}, "", "db", "check")
	_, statements, found := strings.Cut(r.stdout, "As the owner of the tables:\n")
	if r.code != 1 || !found {
		t.Fatalf("exit status %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	pg.Exec(t, statements)
	r = run(t, env{"DATABASE_URL": url}, "", "db", "check")
	if strings.Contains(r.stdout, `MISSING  table`) {
		t.Errorf("what was printed was not enough:\n%s", r.stdout)
	}
}
