package postgres_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
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
			pg := migrated(t)
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
			storetest.TestShape(t, s, func() { pg.Exec(t, c.change) }, c.same)
		})
	}
}
