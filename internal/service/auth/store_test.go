package auth_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// testStore is the embedded store behind faults, as a part under test is given
// it, over a file with the users of newStore. It notes the calls that are made.
type testStore struct {
	*faultstore.Store
	t     testing.TB
	db    *sqlite.Store         // the store itself, for what a test does beside the part
	site  *storetest.SQLWebsite // writes what the website writes
	clock *storetest.Clock      // of the store and of the part; it stands still

	mu    sync.Mutex
	calls []string
}

// newStore opens a store over the users ada (game password, and the same on the
// website), ben (none), cleo (without a user name) and lou (game password,
// loopback only), each with a session of an hour, made just now, whose token is
// "token-" and the id.
func newStore(t testing.TB) *testStore {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waystone.db")
	if err := os.WriteFile(path, original(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return openStore(t, path)
}

// original returns a file with the users of newStore. It is made once and copied:
// to make one takes many times as long as to open it.
func original(t testing.TB) []byte {
	t.Helper()
	originalFile.made.Do(func() {
		path := filepath.Join(t.TempDir(), "original.db")
		s := openStore(t, path)
		s.exec(`ALTER TABLE "user" ADD COLUMN "twoFactorEnabled" integer`) // of better-auth's plugin two-factor
		for id, name := range map[string]string{"ada1": "ada", "ben1": "ben", "cleo-0001": "", "lou1": "lou"} {
			s.addUser(id, name)
		}
		s.site.AddAccount(t, "ada1", "credential", "ada1", siteHashOfSecret())
		hash, err := hashOfSecret()
		if err != nil {
			t.Fatal(err)
		}
		s.setAccount(store.GameAccount{UserID: "ada1", PasswordHash: hash})
		s.setAccount(store.GameAccount{UserID: "lou1", PasswordHash: hash, LoopbackOnly: true})
		// The last to close the file leaves all of it in the one.
		if err := errors.Join(s.db.Close(), s.site.DB.Close()); err != nil {
			t.Fatal(err)
		}
		if originalFile.bytes, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	})
	if originalFile.bytes == nil {
		t.Fatal("another test could not make the file with the users")
	}
	return originalFile.bytes
}

var originalFile struct {
	made  sync.Once
	bytes []byte
}

// openStore opens a store over a file, at noon of a day.
func openStore(t testing.TB, path string) *testStore {
	t.Helper()
	clock := storetest.NewClock()
	clock.Advance(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).Sub(clock.Now()))
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	s := &testStore{
		Store: faultstore.New(db), t: t, db: db, clock: clock,
		site: &storetest.SQLWebsite{DB: site, Engine: "sqlite"},
	}
	for _, m := range faultstore.Methods() {
		s.On(m, func(_ context.Context, call func() error) error { return call() })
	}
	return s
}

// On puts a fault before a method. The calls are noted all the same.
func (s *testStore) On(m faultstore.Method, f faultstore.Fault) {
	s.Store.On(m, func(ctx context.Context, call func() error) error {
		s.mu.Lock()
		s.calls = append(s.calls, string(m))
		s.mu.Unlock()
		return f(ctx, call)
	})
}

// takeCalls returns the calls since the last time, in their order.
func (s *testStore) takeCalls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls
	s.calls = nil
	return c
}

// answers returns what gets the answer of every call of a method from now on.
func (s *testStore) answers(m faultstore.Method) <-chan error {
	all := make(chan error, 1024)
	s.On(m, func(_ context.Context, call func() error) error {
		err := call()
		all <- err
		return err
	})
	return all
}

// down makes every call fail from now on.
func (s *testStore) down(err error) {
	for _, m := range faultstore.Methods() {
		s.On(m, faultstore.Fail(err))
	}
}

// ungrant takes away all that the website's owner grants.
func (s *testStore) ungrant() {
	s.On(faultstore.GetCredential, faultstore.Fail(store.ErrNoCredentialsGrant))
	s.On(faultstore.CreateSession, faultstore.Fail(store.ErrNoSessionsGrant))
	s.On(faultstore.RevokeSession, faultstore.Fail(store.ErrNoSessionsGrant))
	s.On(faultstore.RedeemOneTimeToken, faultstore.Fail(store.ErrNoOneTimeGrant))
}

// exec writes into the website's tables what storetest.Website has no call for.
func (s *testStore) exec(query string, args ...any) {
	s.t.Helper()
	for i, a := range args {
		if at, ok := a.(time.Time); ok {
			args[i] = at.UTC().Format("2006-01-02T15:04:05.000Z")
		}
	}
	if _, err := s.site.DB.ExecContext(s.t.Context(), query, args...); err != nil {
		s.t.Fatalf("as the website, %s: %v", query, err)
	}
}

// addUser adds a user with a session, as newStore says; an empty name is none.
func (s *testStore) addUser(id, username string) {
	s.t.Helper()
	now := s.clock.Now()
	s.exec(`INSERT INTO "user" (id, name, email, "emailVerified", username, "displayUsername", "createdAt", "updatedAt")
		VALUES (?1, ?1, ?2, 0, nullif(?3, ''), nullif(?3, ''), ?4, ?4)`, id, cmp.Or(username, id)+"@example.org", username, now)
	s.exec(`INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt") VALUES (?1, ?2, ?3, ?4, ?5, ?5)`,
		"session-"+id, "token-"+id, id, now.Add(time.Hour), now)
}

// addOneTimeToken adds a one-time token of a session.
func (s *testStore) addOneTimeToken(token, sessionToken string) {
	s.t.Helper()
	s.site.AddVerification(s.t, "one-time-token:"+token, sessionToken, s.clock.Now().Add(3*time.Minute))
}

// setAccount writes our row of a user, in addition to the website's rows.
func (s *testStore) setAccount(a store.GameAccount) {
	s.t.Helper()
	if err := s.db.SetGameAccount(s.t.Context(), a); err != nil {
		s.t.Fatal(err)
	}
}

// account returns what is kept of a user.
func (s *testStore) account(userID string) store.GameAccount {
	s.t.Helper()
	a, err := s.db.GetGameAccount(s.t.Context(), userID)
	if err != nil {
		s.t.Fatal(err)
	}
	return *a
}

// session returns the website's session of a token, dead or alive.
func (s *testStore) session(token string) *store.Session {
	s.t.Helper()
	session, _, _, err := s.db.ReadSession(s.t.Context(), token)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// beginPlay is a sign-in with another secret.
func (s *testStore) beginPlay(userID string) (*store.Play, error) {
	return s.db.BeginPlay(s.t.Context(), store.NewPlay{UserID: userID, Digest: store.DigestOf("a newer one")})
}

// closePlay is a sign-in that waits for the end of a user's play.
func (s *testStore) closePlay(userID string) {
	s.t.Helper()
	_, err := s.beginPlay(userID)
	want(s.t, "a sign-in while a play goes on", err, store.ErrPlayClosing)
}

// playedBy reports whether a play goes on that was begun with a secret, by a
// session of the website, from home.
func (s *testStore) playedBy(secret string) bool {
	s.t.Helper()
	_, err := s.db.EndedPlay(s.t.Context(), store.DigestOf(secret), home)
	return errors.Is(err, store.ErrPlayLives)
}

// plays returns how many play records there are, and how many of them go on.
func (s *testStore) plays() (all, living int) {
	s.t.Helper()
	if err := s.site.DB.QueryRowContext(s.t.Context(), `SELECT count(*), count(play_id) FROM game_play`).Scan(&all, &living); err != nil {
		s.t.Fatal(err)
	}
	return all, living
}
