package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func beginPlay(t testing.TB, s *postgres.Store, userID string) *store.Play {
	t.Helper()
	p, err := s.BeginPlay(t.Context(), store.NewPlay{UserID: userID})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantVerdict(t testing.TB, what string, s *postgres.Store, sub store.SessionSubject, want error) {
	t.Helper()
	verdicts, err := s.CheckSessions(t.Context(), []store.SessionSubject{sub})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(verdicts[0], want) {
		t.Errorf("%s: got %v, want %v", what, verdicts[0], want)
	}
}

func TestAChangedPasswordInEverySchemaOfTheWebsite(t *testing.T) {
	t.Parallel()
	for name, v := range testenv.Some(t, variants(), "all plugins", "drizzle", "serial", "names of its own") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := v.load(t)
			clock := storetest.NewClock()
			s := open(t, v.config(t, pg.URL()))
			d := openSQL(t, pg.URL())
			exec := func(query string, args ...any) {
				t.Helper()
				if _, err := d.ExecContext(t.Context(), v.sql(query), args...); err != nil {
					t.Fatal(err)
				}
			}
			tables := accountTable(name)
			made := v.wall(t, clock.Now())
			exec(`INSERT INTO USER (USERID, name, email, "emailVerified", "createdAt", "updatedAt", username, "displayUsername")
				VALUES ($1, 'Ann', 'ann@example.com', true, $2, $2, 'ann', 'Ann')`, v.userID, made)
			exec(tables.Replace(`INSERT INTO ACCOUNT (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
				VALUES ($1, $2, 'credential', $3, 'salt:key', $4, $4)`), v.sessionID, v.userID, v.userID, made)
			p := beginPlay(t, s, v.userID)
			// Another replica, whose connections speak of time in another way.
			other := v.config(t, inOtherWords(pg.URL()))
			other.Migrate = false
			o := open(t, other)
			for what, s := range map[string]*postgres.Store{"here": s, "at another replica": o} {
				wantVerdict(t, "as it was, "+what, s, p.Subject(), nil)
			}
			exec(tables.Replace(`UPDATE ACCOUNT SET "updatedAt" = $1`), v.wall(t, clock.Now().Add(time.Millisecond)))
			for what, s := range map[string]*postgres.Store{"here": s, "at another replica": o} {
				wantVerdict(t, "changed, "+what, s, p.Subject(), store.ErrPasswordChanged)
			}
			// Who has nothing, or an id that is none, has no stamp.
			for _, id := range []string{v.otherUser, "99999999999999999999"} {
				if p := beginPlay(t, s, id); p.Stamp != "" {
					t.Errorf("%s is stamped %q", id, p.Stamp)
				}
			}
		})
	}
}

// inOtherWords returns a URL whose connections write times differently.
func inOtherWords(url string) string {
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return url + separator + "timezone=Asia%2FKathmandu&datestyle=German&extra_float_digits=0"
}

// Times that are no instants are times like others.
func TestATimeOfChangeThatIsNoInstant(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	u := storetest.Fixtures(t, "postgres")["spaces"]
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	pg.Exec(t, `UPDATE account SET "updatedAt" = 'infinity'`)
	p := beginPlay(t, s, u.ID)
	wantVerdict(t, "for ever", s, p.Subject(), nil)
	pg.Exec(t, `UPDATE account SET "updatedAt" = now()`)
	wantVerdict(t, "now", s, p.Subject(), store.ErrPasswordChanged)
}

// Without the grants nothing of the website's passwords is judged, whoever
// stamped the record, and no session is prolonged; what we keep is judged.
func TestWithoutTheGrantsPasswordsAreLeftAlone(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	fixtures := storetest.Fixtures(t, "postgres")
	u, other := fixtures["spaces"], fixtures["bjorn"]
	owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	least := open(t, postgres.Config{URL: leastRole(t, pg)})
	if detail := optionLines(t, least)[seeing]; !strings.HasPrefix(detail, `off; it needs GRANT SELECT ("id", "userId", "providerId", "updatedAt") ON`) {
		t.Errorf("the check says %q", detail)
	}
	stamped := beginPlay(t, owner, u.ID)
	if p := beginPlay(t, least, other.ID); p.Stamp != "" {
		t.Errorf("stamped %q without a look at the password", p.Stamp)
	}
	site.SetPassword(t, u.ID, "another hash")
	wantVerdict(t, "by one who may not look", least, stamped.Subject(), nil)
	wantVerdict(t, "by one who may", owner, stamped.Subject(), store.ErrPasswordChanged)

	game := store.SessionSubject{UserID: u.ID, Stamp: store.StampPasswords("", store.PasswordState("hash"))}
	if err := least.SetGameAccount(t.Context(), store.GameAccount{UserID: u.ID, PasswordHash: "hash"}); err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, "the game password as it was", least, game, nil)
	if err := least.SetGameAccount(t.Context(), store.GameAccount{UserID: u.ID, PasswordHash: "another"}); err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, "the game password changed", least, game, store.ErrPasswordChanged)
}

// A role that may not prolong sessions prolongs none, and is not refused.
func TestRefreshSessionsWithoutTheGrant(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	if err := open(t, postgres.Config{URL: pg.URL(), Migrate: true}).Close(); err != nil {
		t.Fatal(err)
	}
	role, url := pg.Role(t)
	grants := readmeGrants(t, role)
	pg.Exec(t, grants.read+grants.game)
	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	site.AddSession(t, "s", "tok", storetest.Fixtures(t, "postgres")["spaces"].ID, ends)
	s := open(t, postgres.Config{URL: url})
	if got, err := s.RefreshSessions(t.Context(), []string{"s"}); err != nil || len(got) != 0 {
		t.Errorf("prolonged %q, %v", got, err)
	}
	if sess, _, err := s.GetSession(t.Context(), "tok", store.Fresh); err != nil || !sess.ExpiresAt.Equal(ends) {
		t.Errorf("the session is %+v, %v; want it to end at %v", sess, err, ends)
	}
}

// A session that the website has locked is left alone: nobody waits for whoever
// may be waiting for a session that is being prolonged.
func TestRefreshSessionsWaitsForNobody(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	d := openSQL(t, pg.URL())
	site := &storetest.SQLWebsite{DB: d, Engine: "postgres"}
	site.FillTables(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	u := storetest.Fixtures(t, "postgres")["spaces"].ID
	for _, id := range []string{"free", "locked"} {
		site.AddSession(t, id, "token-"+id, u, time.Now().Add(time.Hour))
	}
	tx, err := d.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `UPDATE session SET "userAgent" = 'x' WHERE id = 'locked'`); err != nil {
		t.Fatal(err)
	}
	got, err := s.RefreshSessions(t.Context(), []string{"locked", "free"})
	if err != nil || len(got) != 1 || got[0] != "free" {
		t.Errorf("while one is locked, prolonged %q, %v; want the other", got, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err = s.RefreshSessions(t.Context(), []string{"locked", "free"})
	if err != nil || len(got) != 1 || got[0] != "locked" {
		t.Errorf("afterwards, prolonged %q, %v; want the one that was locked", got, err)
	}
}

// A binary that does not know of stamps leaves the former record's behind.
func TestTheStampOfAnEarlierGenerationMeansNothing(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	if p := beginPlay(t, s, storetest.Fixtures(t, "postgres")["spaces"].ID); p.Stamp == "" {
		t.Fatal("there is no stamp to leave behind")
	}
	pg.Exec(t, `UPDATE game.play SET play_id = 'next', generation = generation + 1`)
	plays, err := s.RenewPlays(t.Context(), []store.PlayRef{{ID: "next", Generation: 2}})
	if err != nil || plays[0] == nil || plays[0].Stamp != "" {
		t.Errorf("the record of the other binary is %+v, %v; want no stamp", plays, err)
	}
}
