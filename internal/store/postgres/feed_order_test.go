package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// anyUser is the id of some user of the fixtures, as SQL.
const anyUser = `(SELECT min(id) FROM "user")`

// The server drops a notification that equals an earlier one of its
// transaction.
func TestWhatIsDoneTwiceInOneTransactionIsToldTwice(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		ban := `UPDATE "user" SET banned = true WHERE id = ` + anyUser
		pardon := `UPDATE "user" SET banned = false WHERE id = ` + anyUser
		b.xid(t, pardon)
		b.take(t)
		b.xid(t, ban, pardon, ban)
		var told []bool
		for _, c := range b.take(t) {
			told = append(told, c.Banned)
		}
		if d := cmp.Diff([]bool{true, false, true}, told); d != "" {
			t.Errorf("banned (-want +told):\n%s", d)
		}
	})
}

func TestARowThatGetsAnotherKeyIsGoneFromItsOld(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		b.xid(t, `INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt") VALUES ('a8', 'x', 'github', `+anyUser+`, now())`)
		b.take(t)
		b.xid(t, `UPDATE account SET id = 'a9' WHERE id = 'a8'`)
		told := b.take(t)
		if len(told) != 2 || told[0].Op != store.OpDelete || told[0].ID != "a8" || told[1].ID != "a9" || told[1].Op == store.OpDelete {
			t.Errorf("told %+v, want that a8 is gone and a9 there", told)
		}
	})
}

func TestARowThatGetsAnotherOwnerIsGoneFromItsOld(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	b.xid(t, insertCharacter)
	b.take(t)
	b.xid(t, `UPDATE game.character SET user_id = 'u10' WHERE user_id = 'u9'`)
	var told []string
	for _, c := range b.take(t) {
		told = append(told, fmt.Sprint(c.Op, " ", c.ID, " ", c.UserID))
	}
	want := []string{"3 1 u9", "3 2 u9", "1 1 u10", "1 2 u10"}
	if len(told) == 4 && told[0] > told[1] { // rows of one statement come in any order
		told[0], told[1] = told[1], told[0]
	}
	if len(told) == 4 && told[2] > told[3] {
		told[2], told[3] = told[3], told[2]
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("(-want +told):\n%s", d)
	}
}

// A batch of saves is told row by row, in few notifications; and a transaction
// of very many statements does not fill the server's queue.
func TestManyStatementsOfOneTransaction(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		b.xid(t, `INSERT INTO "user" (id, name, email, "emailVerified") SELECT 'm' || i, 'M', 'm' || i || '@example.com', true FROM generate_series(1, 1000) i`)
		ids := map[string]bool{}
		for _, c := range b.take(t) {
			ids[c.ID] = true
		}
		if len(ids) != 1000 || ids[""] {
			t.Errorf("told of %d rows of 1000", len(ids))
		}
		xid := b.xid(t, `DO $$ BEGIN FOR i IN 1..6000 LOOP UPDATE "user" SET name = name WHERE id = 'm1'; END LOOP; END $$`)
		told := b.take(t)
		many := 0
		for _, c := range told {
			if c.Op == store.OpMany && c.Table == store.TableUser && c.Xid == xid {
				many++
			}
		}
		if many != 1 || len(told) > 500 {
			t.Errorf("told %d changes, %d times of any row; want few, and once", len(told), many)
		}
	})
}

func TestABanWithoutEndOfTheCalendar(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		b.xid(t, `UPDATE "user" SET banned = true, "banExpires" = 'infinity' WHERE id = `+anyUser)
		told := b.take(t)
		if len(told) != 1 || told[0].Op != store.OpUpdate || !told[0].Banned || !told[0].BanExpiresAt.IsZero() && told[0].BanExpiresAt.Year() < 9999 {
			t.Errorf("told %+v", told)
		}
	})
}

func TestRowsThatAreCopiedIn(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
		b := setupFeed(t, mode)
		b.pg.Exec(t, `CREATE TABLE staged AS SELECT 'c' || i AS id, 'github' AS provider FROM generate_series(1, 3) i`)
		// Upserts fire what inserts and updates do.
		upsert := `INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt")
			SELECT id, id, provider, ` + anyUser + `, now() FROM staged ON CONFLICT (id) DO UPDATE SET "updatedAt" = now()`
		for _, op := range []store.Op{store.OpInsert, store.OpUpdate} {
			b.xid(t, upsert)
			ids := map[string]store.Op{}
			for _, c := range b.take(t) {
				ids[c.ID] = c.Op
			}
			if d := cmp.Diff(map[string]store.Op{"c1": op, "c2": op, "c3": op}, ids); d != "" {
				t.Errorf("(-want +told):\n%s", d)
			}
		}
		copyIn(t, b.pg.URL(), `COPY account (id, "accountId", "providerId", "userId", "updatedAt") FROM STDIN`,
			strings.ReplaceAll("d1\td1\tcredential\tUSER\t2026-01-01\nd2\td2\tgithub\tUSER\t2026-01-01\n", "USER", b.one(t, anyUser)))
		credential := map[string]bool{}
		for _, c := range b.take(t) {
			credential[c.ID] = c.Credential
		}
		if d := cmp.Diff(map[string]bool{"d1": true, "d2": false}, credential); d != "" {
			t.Errorf("(-want +told):\n%s", d)
		}
	})
}

func TestTransactionIDsOfTheLog(t *testing.T) {
	t.Parallel()
	const epoch = 1 << 32
	for _, tt := range []struct {
		low          uint32
		newest, want uint64
	}{
		{800, 810, 800},
		{810, 800, 810},
		{3, 1, 3},
		{5, 7*epoch + 9, 7*epoch + 5},
		{5, 7*epoch - 9, 7*epoch + 5},             // the newest is before the turn
		{0xfffffff0, 7*epoch + 9, 7*epoch - 0x10}, // and after it
		{0xfffffff0, 9, 0xfffffff0},               // nothing is before the beginning
		{0, epoch + 1<<31 - 1, epoch},
	} {
		if got := postgres.FullXid(tt.low, tt.newest); got != tt.want {
			t.Errorf("%#x near %#x: %#x, want %#x", tt.low, tt.newest, got, tt.want)
		}
	}
}

func TestTheEndOfTheLogAtAPage(t *testing.T) {
	t.Parallel()
	for end, want := range map[uint64]uint64{
		0x2000 + 24: 0x2000, 0x1000000 + 40: 0x1000000, 0x2000 + 25: 0x2000 + 25, 0x2000: 0x2000, 0x2000 + 8191: 0x2000 + 8191,
	} {
		if got := postgres.WithoutPageHeader(end); got != want {
			t.Errorf("%#x: %#x, want %#x", end, got, want)
		}
	}
}

// The feed goes by the names and the zone that the operator gives.
func TestTheFeedOfTablesThatHaveOtherNames(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	pg.Exec(t, `ALTER TABLE "user" RENAME TO "app users"; ALTER TABLE "app users" RENAME COLUMN id TO uid;
		ALTER TABLE "app users" RENAME COLUMN "banExpires" TO barred_until; ALTER TABLE "app users" ALTER COLUMN barred_until TYPE timestamp;
		ALTER TABLE session RENAME TO visits; ALTER TABLE visits RENAME COLUMN id TO sid;
		ALTER TABLE visits RENAME COLUMN "expiresAt" TO valid_until; ALTER TABLE visits ALTER COLUMN valid_until TYPE timestamp;
		ALTER TABLE account RENAME TO logins; ALTER TABLE logins RENAME COLUMN "providerId" TO kind`)
	names, err := siteschema.ParseNames(
		[]string{"user=app users", "session=visits", "account=logins"},
		[]string{"user.id=uid", "user.banExpires=barred_until", "session.id=sid", "session.expiresAt=valid_until", "account.providerId=kind"},
	)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2030, 1, 2, 17, 4, 5, 0, time.UTC) // noon and some in New York
	for _, mode := range []postgres.FeedMode{postgres.FeedTriggers, postgres.FeedReplication} {
		s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Names: names, TimeZone: "America/New_York", Feed: mode})
		b := feedBench{pg: pg, db: openSQL(t, pg.URL()), listener: follow(t, s)}
		id := "u-" + string(mode)
		xid := b.xid(t, `INSERT INTO "app users" (uid, name, email, "emailVerified") VALUES ('`+id+`', 'Ann', '`+id+`@b', true)`,
			`INSERT INTO visits (sid, token, "userId", valid_until, "updatedAt") VALUES ('s`+id+`', 't`+id+`', '`+id+`', '2030-01-02 12:04:05', now())`,
			`UPDATE "app users" SET banned = true, barred_until = '2030-01-02 12:04:05' WHERE uid = '`+id+`'`)
		want := []store.Change{
			{Table: store.TableUser, Op: store.OpInsert, Xid: xid, ID: id, UserID: id},
			{Table: store.TableSession, Op: store.OpInsert, Xid: xid, ID: "s" + id, UserID: id, ExpiresAt: end},
			toldBy(mode, store.Change{Table: store.TableUser, Op: store.OpUpdate, Xid: xid, ID: id, UserID: id, Banned: true, BanExpiresAt: end, WasBanned: no()}),
		}
		if d := cmp.Diff(want, b.take(t)); d != "" {
			t.Errorf("%s (-want +told):\n%s", mode, d)
		}
	}
}
