package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

func TestTheShapeIsOfTheTablesAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		same   bool
	}{
		"the plugin for bans is added": {`ALTER TABLE users ADD banned integer`, false},
		"a second factor is added":     {`ALTER TABLE users ADD two_factor_enabled integer`, false},
		"passwords are kept":           {`ALTER TABLE accounts ADD password text`, false},
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
			storetest.TestShape(t, s, func() { exec(t, d, c.change) }, c.same)
		})
	}
}
