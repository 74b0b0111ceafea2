package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// stranger connects as a role that has no right but to connect.
func stranger(t testing.TB, pg *testenv.PG) *sql.DB {
	t.Helper()
	_, url := pg.Role(t)
	return openSQL(t, url)
}

// payloads are what somebody could send.
func payloads() []string {
	return []string{
		`{"t":"user","x":"1","r":[{"o":"update","i":"u1","b":true,"w":false}]}`,
		`{"t":"user","x":"18446744073709551615","r":[{"o":"many"}]}`,
		`{"t":"user","x":"0","r":[{"o":"many"}]}`,
		`rubbish`,
		`{"t":"nothing","x":"1","r":[{"o":"many"}]}`,
	}
}

// wantUntouched checks that the feed goes on and tells what happens.
func (b feedBench) wantUntouched(t *testing.T) {
	t.Helper()
	xid := b.xid(t, `UPDATE "user" SET name = name || 'x' WHERE id = `+anyUser)
	if told := b.take(t); len(told) != 1 || told[0].Xid != xid {
		t.Errorf("told %+v, want the one change of %d", told, xid)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.resets != 1 || len(b.lost) > 0 {
		t.Errorf("%d connections, lost %v", b.resets, b.lost)
	}
}

func (b feedBench) channel(t testing.TB) string {
	t.Helper()
	return b.one(t, `SELECT 'waystone_' || encode(substr(value, 1, 16), 'hex') FROM game.secret WHERE name = 'feed'`)
}

func TestAStrangerCannotTellTheFeedAnything(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	db := stranger(t, b.pg)
	for _, channel := range []string{"waystone_feed", "waystone_", "game_feed"} {
		for _, p := range payloads() {
			if _, err := db.ExecContext(t.Context(), `SELECT pg_notify($1, $2)`, channel, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.wantUntouched(t)
}

// Whoever may connect reads the catalogs, and whoever may watch the server sees
// what runs there.
func TestTheChannelIsNowhereToBeRead(t *testing.T) {
	t.Parallel()
	// Copies of one template have one secret, and the statements of other tests are
	// seen here.
	b := site(t, testenv.Postgres(t))
	b.store = open(t, postgres.Config{URL: b.pg.URL(), Migrate: true, Feed: postgres.FeedTriggers})
	b.listener = follow(t, b.store)
	secret := strings.TrimPrefix(b.channel(t), "waystone_")
	b.wantUntouched(t)
	for _, query := range []string{
		`SELECT string_agg(prosrc, ' ') FROM pg_proc`,
		`SELECT string_agg(description, ' ') FROM pg_description`,
		`SELECT string_agg(name || ' ' || coalesce(setting, ''), ' ') FROM pg_settings`,
		`SELECT string_agg(query, ' ') FROM pg_stat_activity`,
		`SELECT string_agg(c, ' ') FROM pg_listening_channels() c`,
		`SELECT string_agg(pg_get_expr(adbin, adrelid), ' ') FROM pg_attrdef`,
	} {
		for who, db := range map[string]*sql.DB{"a stranger": stranger(t, b.pg), "the server's owner": b.db} {
			var text sql.NullString
			if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text.String, secret) {
				t.Errorf("%s reads the channel by %s", who, query)
			}
		}
	}
	for _, query := range []string{`SELECT value FROM game.secret`, `SELECT game_feed.changed_user()`} {
		if _, err := stranger(t, b.pg).ExecContext(t.Context(), query); err == nil {
			t.Errorf("a stranger may run %s", query)
		}
	}
}

func TestNoNotificationEndsTheFeed(t *testing.T) {
	t.Parallel()
	b := filled(t)
	pg := b.pg
	reg := prometheus.NewRegistry()
	b.store = open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: postgres.FeedTriggers, Refused: postgres.NewRefused(reg)})
	b.listener = follow(t, b.store)
	for range 40 {
		for _, p := range payloads()[1:] {
			b.pg.Exec(t, fmt.Sprintf(`SELECT pg_notify('%s', '%s')`, b.channel(t), p))
		}
	}
	b.wantUntouched(t)
	err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP waystone_feed_refused_total Notifications on the channel of the change feed that were not used, by cause: unreadable, or future for a transaction that has not ended.
# TYPE waystone_feed_refused_total counter
waystone_feed_refused_total{cause="future"} 40
waystone_feed_refused_total{cause="unreadable"} 120
`), "waystone_feed_refused_total")
	if err != nil {
		t.Error(err)
	}
}

func TestAStrangerCannotKeepTheFeedFromBeginning(t *testing.T) {
	t.Parallel()
	b := filled(t)
	pg := b.pg
	open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	// The lock of version 1, which anybody may take.
	if _, err := stranger(t, pg).ExecContext(t.Context(), `SELECT pg_advisory_lock(8602290299800479076)`); err != nil {
		t.Fatal(err)
	}
	b.listener = follow(t, open(t, postgres.Config{URL: pg.URL(), Feed: postgres.FeedTriggers}))
	b.wantUntouched(t)
}

// No setting of a session makes its statement fail, or has it told wrongly.
func TestNoSettingOfASessionMatters(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	xid := `(SELECT pg_current_xact_id()::text)`
	ban := `UPDATE "user" SET banned = true WHERE id = ` + anyUser
	unban := `UPDATE "user" SET banned = false WHERE id = ` + anyUser
	for _, setting := range []string{
		`'x'`, `''`, `' '`, `'-1'`, `'99999999999999999999999'`, `'1 99999999999999999999999'`,
		xid + ` || ' x'`, xid + ` || ' 99999999999999999999999'`, xid + ` || ' 0'`, xid,
	} {
		set := `SELECT set_config('waystone_feed.told', ` + setting + `, false)`
		want := b.xid(t, set, ban, set, unban, set, ban, `RESET ALL`, unban, set, ban)
		told := b.take(t)
		if len(told) != 5 || told[4].Xid != want || !told[4].Banned || told[3].Banned {
			t.Errorf("with %s: told %+v, want all five and the ban last", setting, told)
		}
		b.xid(t, unban)
		b.take(t)
	}
}

// Nobody misses a change when the channel is changed, nor does a transaction
// that began before.
func TestTheChannelMayBeChanged(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, postgres.FeedTriggers)
	tx, err := b.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `UPDATE "user" SET name = 'early' WHERE id = `+anyUser); err != nil {
		t.Fatal(err)
	}
	before := b.channel(t)
	b.pg.Exec(t, `UPDATE game.secret SET previous = value, value = DEFAULT WHERE name = 'feed'`)
	if b.channel(t) == before {
		t.Fatal("the channel has not changed")
	}
	b.await(t, "a new beginning", func(l *listener) bool { return l.resets == 2 })
	b.take(t)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if told := b.take(t); len(told) != 1 {
		t.Errorf("told %+v of a transaction that began before", told)
	}
	b.xid(t, `UPDATE "user" SET name = 'late' WHERE id = `+anyUser)
	if told := b.take(t); len(told) != 1 {
		t.Errorf("told %+v after it", told)
	}
}

// version1 makes a trigger as version 1 had it, on the table "user".
const version1 = `CREATE SCHEMA IF NOT EXISTS game_feed;
	CREATE OR REPLACE FUNCTION game_feed.tell_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('waystone_feed', 'x'); RETURN NULL; END $$;
	CREATE TRIGGER waystone_feed_update AFTER UPDATE ON "user" FOR EACH STATEMENT EXECUTE FUNCTION game_feed.tell_user();
	COMMENT ON SCHEMA game_feed IS 'Change feed of the game server, version 1 0123456789abcdef'`

// A binary of version 1 that still runs makes its triggers again: neither takes
// the other for itself.
func TestTheVersionBeforeRunsBesideThisOne(t *testing.T) {
	t.Parallel()
	b := filled(t)
	pg := b.pg
	b.store = open(t, postgres.Config{URL: pg.URL(), Migrate: true, Feed: postgres.FeedTriggers})
	pg.Exec(t, version1)
	old := `SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'waystone\_feed\_%'`
	b.listener = follow(t, b.store)
	if n := b.one(t, old); n != "0" {
		t.Errorf("%s triggers of version 1 are left", n)
	}
	pg.Exec(t, version1)
	b.wantUntouched(t)
	if n := b.one(t, old); n != "1" {
		t.Errorf("%s triggers of version 1 after its binary made them again", n)
	}
}

// Names that would end whatever quotes they stand in. The settings refuse those
// with a double quote, a comma, an equals sign or a line break.
func TestNamesOfAnyKind(t *testing.T) {
	t.Parallel()
	for name := range testenv.Some(t, map[string]struct{}{
		`x$feed$; SELECT 1; --`: {}, `$feed0$ $feed$`: {}, `a'b''`: {}, `a\'b\n`: {}, `a%s%%b%[1]d`: {}, `a$$b`: {}, `}){t:1`: {}, `--`: {}, `/*`: {},
	}, `x$feed$; SELECT 1; --`, `a\'b\n`, `a%s%%b%[1]d`) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothModes(t, func(t *testing.T, mode postgres.FeedMode) { //nolint:thelper // it is the test
				b := filled(t)
				pg := b.pg
				table := pgx.Identifier{name}.Sanitize()
				for _, sql := range []string{
					`ALTER TABLE session RENAME COLUMN "expiresAt" TO ` + table, `ALTER TABLE session RENAME COLUMN id TO "i` + table[1:],
					`ALTER TABLE session RENAME TO ` + table, `ALTER TABLE "user" RENAME COLUMN banned TO ` + table,
				} {
					pg.Exec(t, sql)
				}
				names, err := siteschema.ParseNames([]string{"session=" + name},
					[]string{"session.expiresAt=" + name, "session.id=i" + name, "user.banned=" + name})
				if err != nil {
					t.Fatal(err)
				}
				b.store = open(t, postgres.Config{URL: pg.URL(), Migrate: true, Names: names, Feed: mode})
				if err := b.store.MakeFeed(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.listener = follow(t, b.store)
				b.xid(t, `UPDATE `+table+` SET "userAgent" = 'x' WHERE "i`+table[1:]+` = (SELECT min("i`+table[1:]+`) FROM `+table+`)`)
				told := b.take(t)
				if len(told) != 1 || told[0].Table != store.TableSession || told[0].ExpiresAt.IsZero() {
					t.Errorf("told %+v", told)
				}
				// What has to be run is named so that it can be.
				role, url := pg.Role(t)
				t.Cleanup(func() { pg.Exec(t, `DROP SCHEMA IF EXISTS game_feed CASCADE`) })
				_, err = postgres.Open(context.WithoutCancel(t.Context()), postgres.Config{URL: url, Names: names})
				if err == nil {
					t.Errorf("the role %s needs no grant", role)
				}
			})
		})
	}
}
