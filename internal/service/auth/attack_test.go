package auth_test

import (
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
	t *testing.T
}

func newAttacked(t *testing.T, names ...string) attacked {
	t.Helper()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db"), Now: func() time.Time { return now }})
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
		Verify: func(_, form string) bool { return form == auth.ClientForm(secret) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return attacked{a, t}
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
		case errors.Is(err, auth.ErrLoginRefused):
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

// Many players behind one address are not locked out, for those who get the
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
