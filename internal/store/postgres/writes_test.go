package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// TestWhetherItCanBeWrittenIsNoticed: over new connections, with the reason and
// what mends it.
func TestWhetherItCanBeWrittenIsNoticed(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	site := &storetest.SQLWebsite{DB: openSQL(t, pg.URL()), Engine: "postgres"}
	site.FillTables(t)
	owner := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	role, url := pg.Role(t)
	g := readmeGrants(t, role)
	pg.Exec(t, g.read+g.prolong+g.game)
	s := open(t, postgres.Config{URL: url})
	check := func(after, writable, connects string, sentences ...string) {
		t.Helper()
		s.Look(t.Context())
		h := health.New(health.Config{})
		h.Add(health.Check{Name: "writes", Reasons: postgres.WritableReasons(), Func: s.Writable})
		h.Add(health.Check{Name: "connections", Reasons: postgres.ConnectReasons(), Func: s.Connects})
		r := h.Report()
		if r.Checks[0].Reason != writable || r.Checks[1].Reason != connects {
			t.Errorf("%s: %+v", after, r.Checks)
		}
		for _, sentence := range sentences {
			if text := r.Checks[0].Error + r.Checks[1].Error; !strings.Contains(text, sentence) {
				t.Errorf("%s: %q does not say %q", after, text, sentence)
			}
		}
	}
	check("as it is", "", "")
	for _, alter := range []string{"ALTER DATABASE %[1]q", "ALTER ROLE %[2]q", "ALTER ROLE %[2]q IN DATABASE %[1]q"} {
		alter = fmt.Sprintf(alter, pg.Name(), role)
		pg.Exec(t, alter+" SET default_transaction_read_only = on")
		check(alter, "read_only", "", "takes no writes from new connections", alter+" RESET default_transaction_read_only")
		// As the superuser it would be as read-only where the database is.
		pg.Exec(t, "BEGIN READ WRITE; "+alter+" RESET default_transaction_read_only; COMMIT")
		check(alter+", and back", "", "")
	}
	pg.Exec(t, "REVOKE DELETE ON game.play FROM "+role)
	check("a grant is gone", "denied", "", role, "waystone db check")
	pg.Exec(t, "GRANT DELETE ON game.play TO "+role)
	check("a grant is back", "", "")
	if err := s.Ping(t.Context()); err != nil { // leaves a connection in the pool
		t.Fatal(err)
	}
	pg.Exec(t, "ALTER ROLE "+role+" NOLOGIN")
	check("the role is refused", "", "refused", "refuses user", "Set DATABASE_URL")
	pg.Exec(t, "ALTER ROLE "+role+" LOGIN CONNECTION LIMIT 0")
	check("no connection is left", "", "connections", "has no connection left")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("over the connections there are: %v", err)
	}
	pg.Exec(t, "ALTER ROLE "+role+" CONNECTION LIMIT -1")
	check("all is well", "", "")
}

// TestAFullDiskIsNoticed by the statements that fail for it, until one does not.
func TestAFullDiskIsNoticed(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	// There is no disk of ours to fill: PostgreSQL says what it would.
	pg.Exec(t, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'No space left on device' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT ON game.account FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	user, err := s.CreateUser(t.Context(), store.NewUser{Username: "alice", Name: "Alice", Email: "alice@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	write := func() error {
		return s.SetGameAccount(t.Context(), store.GameAccount{UserID: user.ID, PasswordHash: "x"})
	}
	if err := write(); err == nil {
		t.Fatal("a write succeeded")
	}
	if err := s.Writable(t.Context()); err == nil || !strings.Contains(err.Error(), "is full: free some space") {
		t.Errorf("while it is full: %v", err)
	}
	pg.Exec(t, "DROP TRIGGER full_disk ON game.account")
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if err := s.Writable(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestAReadOnlyConnectionIsNotKept: what is made while the database is read-only
// stays so, and would fail writes for as long as the pool keeps it.
func TestAReadOnlyConnectionIsNotKept(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, MaxConns: 1})
	renew := func() error {
		_, err := s.RenewPlays(t.Context(), []store.PlayRef{{ID: "none", Generation: 1}})
		return err
	}
	if err := renew(); err != nil {
		t.Fatal(err)
	}
	alter := fmt.Sprintf("ALTER DATABASE %q ", pg.Name())
	pg.Exec(t, alter+"SET default_transaction_read_only = on")
	s.Reset()
	if err := renew(); err == nil {
		t.Error("a connection to a read-only database takes writes")
	}
	pg.Exec(t, "BEGIN READ WRITE; "+alter+"RESET default_transaction_read_only; COMMIT")
	if err := renew(); err != nil {
		t.Errorf("the first write after it is over: %v", err)
	}
	// One that has refused nothing is found by the next look.
	pg.Exec(t, alter+"SET default_transaction_read_only = on")
	s.Reset()
	s.Look(t.Context())
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, "BEGIN READ WRITE; "+alter+"RESET default_transaction_read_only; COMMIT")
	s.Look(t.Context())
	if err := renew(); err != nil {
		t.Errorf("the first write after a look: %v", err)
	}
}
