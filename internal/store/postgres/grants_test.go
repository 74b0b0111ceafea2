package postgres_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// The statements are those of README.md, so that it cannot be wrong about what
// the change feed needs and how it is removed.
func TestLeastPrivilegeOfTheFeed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mode postgres.FeedMode
		// prepare gives the role what README.md says.
		prepare func(t *testing.T, pg *testenv.PG, owner *postgres.Store, role string)
		// denied is part of what a role without that is told.
		denied string
	}{
		{
			"triggers made by the owner", postgres.FeedTriggers,
			func(t *testing.T, _ *testenv.PG, owner *postgres.Store, _ string) {
				t.Helper()
				if err := owner.MakeFeed(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, "waystone db migrate",
		},
		{
			"triggers made by the role", postgres.FeedTriggers,
			func(t *testing.T, pg *testenv.PG, _ *postgres.Store, role string) {
				t.Helper()
				pg.Exec(t, strings.Join(readmeSQL(t, "Triggers", role, pg.Name(), 3), ""))
				// The triggers hang on what the role owns, and go with it.
				t.Cleanup(func() { pg.Exec(t, readmeSQL(t, "Removal", "", "", 2)[0]) })
			}, "GRANT CREATE ON DATABASE",
		},
		{
			"replication", postgres.FeedReplication,
			func(t *testing.T, pg *testenv.PG, _ *postgres.Store, role string) {
				t.Helper()
				pg.Exec(t, strings.Join(readmeSQL(t, "Replication", role, "", 2), ""))
			}, "REPLICATION",
		},
		{
			"replication with the publication made by the owner", postgres.FeedReplication,
			func(t *testing.T, pg *testenv.PG, owner *postgres.Store, role string) {
				t.Helper()
				pg.Exec(t, readmeSQL(t, "Replication", role, "", 2)[0])
				if err := owner.MakeFeed(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, "REPLICATION",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pg := testenv.Postgres(t)
			db := openSQL(t, pg.URL())
			(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).LoadFixtures(t)
			owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: tt.mode})
			role, url := pg.Role(t)
			pg.Exec(t, strings.Join(readmeGrants(t, role), ""))
			s := open(t, postgres.Config{URL: url, Feed: tt.mode})
			if ok, detail := feedLine(t, s); ok || !strings.Contains(detail, tt.denied) {
				t.Errorf("without it, check says %v, %q; want %q in it", ok, detail, tt.denied)
			}
			tt.prepare(t, pg, owner, role)
			if ok, detail := feedLine(t, s); !ok || detail != string(tt.mode) {
				t.Errorf("check says %v, %q", ok, detail)
			}
			b := feedBench{pg: pg, db: db, listener: follow(t, s)}
			xid := b.xid(t, `UPDATE "user" SET name = 'x' WHERE id = (SELECT min(id) FROM "user")`, insertCharacter)
			told := map[store.Table]int{}
			for _, c := range b.take(t) {
				if c.Xid != xid {
					t.Errorf("told %+v, not of transaction %d", c, xid)
				}
				told[c.Table]++
			}
			if told[store.TableUser] != 1 || told[store.TableCharacter] != 2 {
				t.Errorf("told of %v, want a user and two characters", told)
			}
		})
	}
}

func TestRemovalOfTheFeed(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	db := openSQL(t, pg.URL())
	(&storetest.SQLWebsite{DB: db, Engine: "postgres"}).LoadFixtures(t)
	const objects = `SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT pubname::text FROM pg_publication
		UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
		UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	before := len(column(t, db, objects))
	if err := s.MakeFeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if made := len(column(t, db, objects)) - before; made != 16+1+1+4 {
		t.Errorf("%d objects were made, want 16 triggers, a publication, a schema and 4 functions", made)
	}
	pg.Exec(t, strings.Join(readmeSQL(t, "Removal", "", "", 2), ""))
	if left := len(column(t, db, objects)) - before; left != 0 {
		t.Errorf("%d objects are left: %q", left, column(t, db, objects))
	}
}

// feedLine is what check says of the change feed.
func feedLine(t *testing.T, s *postgres.Store) (ok bool, detail string) {
	t.Helper()
	report, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range report.Lines {
		if l.Object == "change feed" {
			return l.OK, l.Detail
		}
	}
	t.Fatalf("check says nothing of the change feed: %+v", report)
	return false, ""
}
