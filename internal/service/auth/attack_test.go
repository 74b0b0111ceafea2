package auth_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// attacked is a part with its default limits over a database whose clock stands
// still, so that no wait ends. Every user's game password is secret; a look at
// one costs nothing.
type attacked struct {
	*auth.Server
	t    *testing.T
	path string // of the database
}

func newAttacked(t *testing.T, names ...string) attacked {
	t.Helper()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "waystone.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	hash, err := hashOfSecret()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		u, err := db.CreateUser(t.Context(), store.NewUser{Username: name, Name: name, Email: name + "@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetGameAccount(t.Context(), store.GameAccount{UserID: u.ID, PasswordHash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{
		Store: db, Now: func() time.Time { return now },
		Verify:     func(_, form string) bool { return form == auth.ClientForm(secret) },
		VerifySite: func(_, password string) bool { return password == secret },
	})
	if err != nil {
		t.Fatal(err)
	}
	return attacked{a, t, path}
}

// try signs in once and ends the play.
func (a attacked) try(name, password, address string) error {
	in, err := a.Login(a.t.Context(), &authv1.LoginRequest{UserName: name, Secret: auth.ClientForm(password), Address: address})
	if err != nil {
		return err
	}
	_, err = a.EndPlay(a.t.Context(), &authv1.EndPlayRequest{Play: ref(in.GetPlay())})
	return err
}

// judged makes tries one after the other and returns how many were looked at.
func (a attacked) judged(n int, try func(i int) error) (judged int) {
	a.t.Helper()
	for i := range n {
		switch err := try(i); {
		case errors.Is(err, auth.ErrLoginRefused), errors.Is(err, auth.ErrNoGamePassword):
			judged++
		case !errors.Is(err, auth.ErrTooManyAttempts):
			a.t.Fatalf("try %d: %v", i, err)
		}
	}
	return judged
}

// Neighbours guess as fast as they can, at the owner's name and at others; the
// owner's every try is let in at once.
func TestNeighboursCannotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		owner      string
		neighbours func(i int) string
	}{
		"in the /24":     {"203.0.113.7", func(i int) string { return fmt.Sprintf("203.0.113.%d", 10+i) }},
		"in the /64":     {"2001:db8:1:2::7", func(i int) string { return fmt.Sprintf("2001:db8:1:2::1:%d", i) }},
		"in another /64": {"2001:db8:1:2::7", func(i int) string { return fmt.Sprintf("2001:db8:1:3::%d", i) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAttacked(t, "ada")
			if err := a.try("ada", secret, c.owner); err != nil {
				t.Fatal(err)
			}
			const callers, enough = 100, 100
			var told, judged atomic.Int64
			full, over := make(chan struct{}), make(chan struct{})
			enoughOnce := sync.OnceFunc(func() { close(full) })
			fail := enoughOnce // ends the wait for an attack that went wrong
			var attack sync.WaitGroup
			for i := range callers {
				victim := "ada"
				if i%2 == 1 {
					victim = fmt.Sprintf("victim%d", i)
				}
				attack.Go(func() {
					for {
						select {
						case <-over:
							return
						default:
						}
						switch err := a.try(victim, "guess", c.neighbours(i)); {
						case errors.Is(err, auth.ErrTooManyAttempts):
							if told.Add(1) == enough {
								enoughOnce()
							}
						case errors.Is(err, auth.ErrLoginRefused):
							judged.Add(1)
						case !errors.Is(err, auth.ErrBusy):
							t.Errorf("a guess: %v", err)
							fail()
							return
						}
					}
				})
			}
			<-full
			for i := range 5 {
				if err := a.try("ada", secret, c.owner); err != nil {
					t.Errorf("sign-in %d of the owner: %v", i+1, err)
				}
			}
			close(over)
			attack.Wait()
			if n, most := judged.Load(), int64(auth.DefaultConfig().AttemptNetwork.Free+auth.DefaultConfig().AttemptDevice.Free); n > most {
				t.Errorf("%d guesses were judged, want %d at most", n, most)
			}
		})
	}
}

// One password on many names is bounded, however many addresses and networks of
// a provider it comes from.
func TestASprayIsBounded(t *testing.T) {
	t.Parallel()
	cfg := auth.DefaultConfig()
	for name, c := range map[string]struct {
		address func(i int) string
		want    int
	}{
		"a /24":                  {func(i int) string { return fmt.Sprintf("203.0.113.%d", i%250) }, cfg.AttemptNetwork.Free},
		"a /20":                  {func(i int) string { return fmt.Sprintf("203.0.%d.%d", 112+i%16, i%250) }, cfg.AttemptWide.Free},
		"a /16":                  {func(i int) string { return fmt.Sprintf("203.0.%d.%d", i%256, i/256) }, cfg.AttemptWidest.Free},
		"the addresses of a /64": {func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i) }, cfg.AttemptNetwork.Free},
		"the /56s of a /48":      {func(i int) string { return fmt.Sprintf("2001:db8:1:%02x00::1", i%256) }, cfg.AttemptWide.Free},
		"the /48s of a /32":      {func(i int) string { return fmt.Sprintf("2001:db8:%x::1", i) }, cfg.AttemptWidest.Free},
		"300 /56s of a /32":      {func(i int) string { return fmt.Sprintf("2001:db8:%x:%02x00::1", i/3, i%3) }, cfg.AttemptWidest.Free},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAttacked(t)
			got := a.judged(300, func(i int) error { return a.try(fmt.Sprintf("name%d", i), "spring2026", c.address(i)) })
			if got != c.want {
				t.Errorf("%d of 300 were judged, want %d", got, c.want)
			}
		})
	}
}

// Many players behind one address are not locked out, because those who get the
// password right in the end count for nothing.
func TestAHouseOfManyPlayersIsNotLockedOut(t *testing.T) {
	t.Parallel()
	names := make([]string, 2*auth.DefaultConfig().AttemptNetwork.Free)
	for i := range names {
		names[i] = fmt.Sprintf("player%d", i)
	}
	a := newAttacked(t, names...)
	for _, name := range names {
		want(t, name+", mistyped", a.try(name, "mistyped", home), auth.ErrLoginRefused)
		if err := a.try(name, secret, home); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// exec writes as the website does.
func (a attacked) exec(query string, args ...any) {
	a.t.Helper()
	db, err := sql.Open("sqlite", "file:"+a.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		a.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(a.t.Context(), query, args...); err != nil {
		a.t.Fatalf("%s: %v", query, err)
	}
}

// judgedAt floods a name from other networks, and returns how many guesses from an
// address are then judged.
func (a attacked) judgedAt(name, address string) int {
	a.t.Helper()
	a.judged(2*auth.DefaultConfig().AttemptAccount.Free, func(i int) error { return a.try(name, "guess", fmt.Sprintf("198.%d.0.1", i)) })
	return a.judged(10, func(int) error { return a.try(name, "guess", address) })
}

// A device is known to the person who has signed in from it, under every name of
// the person. It is not known to another person who gets the name or the id
// later.
func TestADeviceIsKnownForThePersonAlone(t *testing.T) {
	t.Parallel()
	a := newAttacked(t, "bobby")
	if err := a.try("bobby", secret, home); err != nil {
		t.Fatal(err)
	}
	free := auth.DefaultConfig().AttemptDevice.Free
	a.exec(`UPDATE "user" SET username = 'robert' WHERE username = 'bobby'`)
	if got := a.judgedAt("robert", home); got != free {
		t.Errorf("under another name, %d guesses were judged from the known device, want %d", got, free)
	}
	if got := a.judgedAt("bobby", home); got != 0 {
		t.Errorf("under the name that is nobody's, %d were judged, want none", got)
	}
	a.exec(`INSERT INTO "user" (id, name, email, "emailVerified", username, "createdAt", "updatedAt")
		VALUES ('next', 'Next', 'next@example.org', 0, 'bobby', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`)
	if got := a.judgedAt("bobby", home); got != 0 {
		t.Errorf("of the next one of the name, %d were judged, want none", got)
	}
	// And the next one of the id.
	a.exec(`UPDATE "user" SET "createdAt" = '2026-02-02T00:00:00.000Z' WHERE username = 'robert'`)
	if got := a.judgedAt("robert", home); got != 0 {
		t.Errorf("of the next one of the id, %d were judged, want none", got)
	}
}

// A user can be named by an address too, which is no second allowance.
func TestTriesByNameAndByAddressAreOneCount(t *testing.T) {
	t.Parallel()
	a := newAttacked(t, "ada")
	guess := func(r *authv1.VerifyPasswordRequest, host int) error {
		r.Address = fmt.Sprintf("203.0.113.%d", host)
		_, err := a.VerifyPassword(t.Context(), r)
		return err
	}
	got := a.judged(30, func(i int) error {
		if i%2 == 0 {
			return guess(byUsername("Ada", "guess"), i)
		}
		return guess(byEmail("ADA@example.org", "guess"), i)
	})
	if want := auth.DefaultConfig().AttemptDevice.Free; got != want {
		t.Errorf("%d guesses were judged, want %d", got, want)
	}
	// An address and a name that are nobody's have nothing in common.
	for _, r := range []func() *authv1.VerifyPasswordRequest{
		func() *authv1.VerifyPasswordRequest { return byUsername("nobody", "guess") },
		func() *authv1.VerifyPasswordRequest { return byEmail("nobody@example.org", "guess") },
	} {
		if got := a.judged(10, func(i int) error { return guess(r(), i) }); got != auth.DefaultConfig().AttemptDevice.Free {
			t.Errorf("%d guesses were judged", got)
		}
	}
}
