package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

func TestTheShapeIsOfTheTablesAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		same   bool
	}{
		"the plugin for bans is added": {`ALTER TABLE users ADD banned integer`, false},
		"a second factor is added":     {`ALTER TABLE users ADD two_factor_enabled integer`, false},
		"a table is gone":              {`DROP TABLE sessions`, false},
		"rows and other tables": {
			`INSERT INTO users (name, email, email_verified, created_at, updated_at) VALUES ('Ann', 'ann@example.com', 1, 1, 1); CREATE TABLE other (id integer)`,
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "site.db")
			d := sqlOpen(t, path)
			exec(t, d, snake)
			s := open(t, sqlite.Config{Path: path})
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
			exec(t, d, c.change)
			if after := shape(); slices.Equal(before, after) != c.same {
				t.Errorf("it was\n%q\nand is\n%q", before, after)
			}
		})
	}
}
