package postgres_test

import (
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

func TestTheShapeIsOfTheTablesAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		same   bool
	}{
		"a second factor is added":   {`ALTER TABLE "user" ADD "twoFactorEnabled" boolean`, false},
		"the plugin for bans is off": {`ALTER TABLE "user" DROP banned, DROP "banReason", DROP "banExpires", DROP role`, false},
		"a table is gone":            {`DROP TABLE verification`, false},
		"a time has another type":    {`ALTER TABLE session ALTER "expiresAt" TYPE text`, false},
		"rows and other tables":      {`INSERT INTO verification (id, identifier, value, "expiresAt") VALUES ('v', 'i', 'x', now()); CREATE TABLE other (id int)`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, "postgres_schema.sql")
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
			shape := func() []string {
				lines, err := s.Shape(t.Context())
				if err != nil || len(lines) == 0 {
					t.Fatal(lines, err)
				}
				return lines
			}
			before := shape()
			if again := shape(); !slices.Equal(before, again) {
				t.Errorf("it is\n%q\nand then\n%q", before, again)
			}
			pg.Exec(t, c.change)
			if after := shape(); slices.Equal(before, after) != c.same {
				t.Errorf("it was\n%q\nand is\n%q", before, after)
			}
		})
	}
}
