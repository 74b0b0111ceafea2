package auth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// unlimited lets a test try as often as it likes.
func unlimited(c *auth.Config) {
	for _, l := range []*store.AttemptLimit{&c.AttemptDevice, &c.AttemptAccount, &c.AttemptNetwork, &c.AttemptWide, &c.AttemptWidest} {
		l.Free = 100_000
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for address, wanted := range map[string][4]string{
		"203.0.113.7":              {"203.0.113.7/32", "203.0.113.0/24", "203.0.112.0/20", "203.0.0.0/16"},
		"::ffff:203.0.113.7":       {"203.0.113.7/32", "203.0.113.0/24", "203.0.112.0/20", "203.0.0.0/16"},
		"::ffff:203.0.113.7%zone9": {"203.0.113.7/32", "203.0.113.0/24", "203.0.112.0/20", "203.0.0.0/16"},
		"127.0.0.1":                {"127.0.0.1/32", "127.0.0.0/24", "127.0.0.0/20", "127.0.0.0/16"},
		"::1":                      {"::1/128", "::/56", "::/48", "::/32"},
		"2001:db8:1:2ff::1":        {"2001:db8:1:2ff::1/128", "2001:db8:1:200::/56", "2001:db8:1::/48", "2001:db8::/32"},
		"2001:db8:1:3ff:ffff::":    {"2001:db8:1:3ff:ffff::/128", "2001:db8:1:300::/56", "2001:db8:1::/48", "2001:db8::/32"},
		"fe80::1%eth0":             {"fe80::1/128", "fe80::/56", "fe80::/48", "fe80::/32"},
	} {
		if got := auth.PlacesOf(address); got != wanted {
			t.Errorf("%s is counted with %v, want %v", address, got, wanted)
		}
	}
}

// A password is guessed by three ways into one count.
func TestTriesAreCountedWhicheverWayTheyCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.AttemptDevice.Free = 3 })
	_, err := w.login(t, "ada", auth.ClientForm("wrong"), home)
	want(t, "Login", err, auth.ErrLoginRefused)
	_, err = w.VerifyPassword(t.Context(), byUsername("ADA", "wrong"))
	want(t, "VerifyPassword", err, auth.ErrLoginRefused)
	_, err = w.SignIn(t.Context(), &authv1.SignInRequest{
		User: &authv1.SignInRequest_Username{Username: "Ada"}, Password: "wrong", Address: "192.0.2.200",
	})
	want(t, "SignIn, from a neighbour", err, auth.ErrLoginRefused)

	hashed := w.hashes.Load() + w.scrypts.Load()
	w.store.takeCalls()
	_, err = w.login(t, "ada", auth.ClientForm(secret), home)
	want(t, "the fourth, although it is right", err, auth.ErrTooManyAttempts)
	if got := errs.Of(err).RetryAfter; got != time.Second {
		t.Errorf("told to wait %v", got)
	}
	_, err = w.VerifyPassword(t.Context(), byUsername("ada", secret))
	want(t, "VerifyPassword, right", err, auth.ErrTooManyAttempts)
	if w.hashes.Load()+w.scrypts.Load() != hashed {
		t.Error("a try that has to wait cost a hash")
	}
	for _, call := range w.store.takeCalls() {
		if call != "GetUserByUsername" && strings.HasPrefix(call, "Get") { // whose the name is
			t.Errorf("a try that has to wait cost %s", call)
		}
	}
	_, err = w.VerifyPassword(t.Context(), byEmail("ADA@example.org", secret))
	want(t, "VerifyPassword by the address, right", err, auth.ErrTooManyAttempts)
	// Another network and another account are not concerned.
	if _, err := w.VerifyPassword(t.Context(), &authv1.VerifyPasswordRequest{
		User: &authv1.VerifyPasswordRequest_Username{Username: "ada"}, Password: secret, Address: abroad,
	}); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	_, err = w.VerifyPassword(t.Context(), byUsername("ben", "wrong"))
	want(t, "another account", err, auth.ErrLoginRefused)
}

// A name that nobody has is counted as one that somebody has.
func TestUnknownNamesAreSlowedDownToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.AttemptDevice.Free = 2 })
	for _, name := range []string{"ada", "nobody", "ben"} {
		for i, wanted := range []error{auth.ErrLoginRefused, auth.ErrLoginRefused, auth.ErrTooManyAttempts} {
			_, err := w.VerifyPassword(t.Context(), byUsername(name, "wrong"))
			want(t, fmt.Sprintf("%s, try %d", name, i+1), err, wanted)
		}
	}
}

// Strangers at the account leave its owner's device and tickets alone.
func TestAStrangerCannotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.AttemptAccount.Free = 3 })
	right := auth.ClientForm(secret)
	first, err := w.login(t, "ada", right, home)
	if err != nil {
		t.Fatal(err)
	}
	w.end(t, first.GetPlay())
	for i := range 5 {
		_, err := w.login(t, "ada", auth.ClientForm("guess"), fmt.Sprintf("198.51.%d.1", i))
		wanted := auth.ErrLoginRefused
		if i >= 3 {
			wanted = auth.ErrTooManyAttempts
		}
		want(t, "a stranger", err, wanted)
	}
	again, err := w.login(t, "ada", right, home)
	if err != nil {
		t.Fatalf("the owner, from a known device: %v", err)
	}
	w.end(t, again.GetPlay())
	if _, err := w.login(t, "ada", w.ticket(t, "ada1", true).GetTicket(), abroad); err != nil {
		t.Errorf("the owner, from elsewhere by ticket: %v", err)
	}
	const expected = `
# HELP waystone_auth_tries_total Attempts at a password by device (known: an address from which the account has signed in; neighbour: another address of its network; new: any other) and result (begun, refused).
# TYPE waystone_auth_tries_total counter
waystone_auth_tries_total{device="known",result="begun"} 1
waystone_auth_tries_total{device="new",result="begun"} 4
waystone_auth_tries_total{device="new",result="refused"} 2
`
	if err := testutil.GatherAndCompare(w.metrics, strings.NewReader(expected), "waystone_auth_tries_total"); err != nil {
		t.Error(err)
	}
}

// Guessing tickets is no try at an account.
func TestStaleTicketsAreNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.AttemptDevice.Free = 1 })
	for range 10 {
		_, err := w.login(t, "ada", auth.NewTicket(), home)
		want(t, "a stale ticket", err, auth.ErrTicketRefused)
	}
	if _, err := w.login(t, "ada", auth.ClientForm(secret), home); err != nil {
		t.Errorf("then the password: %v", err)
	}
}

func TestNobodyIsLetInWhileTriesCannotBeCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.down(store.ErrUnavailable)
	_, err := w.VerifyPassword(t.Context(), byUsername("ada", secret))
	want(t, "store down", err, store.ErrUnavailable)
	if w.scrypts.Load() != 0 {
		t.Error("a try that was not counted was looked at")
	}
}

// What cannot be hashed anyway is neither counted nor looked at; but for an address
// that the account is known from there is a place.
func TestAFullLineIsRefusedUncountedButForAKnownAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := auth.DefaultConfig()
		cfg.HashWorkers, cfg.HashQueuePerNetwork = 1, 1
		db, release := newStore(t), make(chan struct{})
		a, err := auth.New(cfg, auth.Deps{Store: db, Now: db.clock.Now, VerifySite: func(string, string) bool { <-release; return false }})
		if err != nil {
			t.Fatal(err)
		}
		guess := func() error {
			_, err := a.VerifyPassword(t.Context(), byUsername("ada", "guess"))
			return err
		}
		judged := make(chan error, 2)
		for range 2 { // one is hashed, one waits
			go func() { judged <- guess() }()
			synctest.Wait()
		}
		db.takeCalls()
		want(t, "the third", guess(), auth.ErrBusy)
		if calls := db.takeCalls(); len(calls) != 2 || calls[0] != "GetUserByUsername" || calls[1] != "BeginAttempt" {
			t.Errorf("the store was asked: %v", calls)
		}
		const neighbour = "192.0.2.200"
		places := auth.PlacesOf(neighbour)
		if err := db.db.EndAttempt(t.Context(), store.Attempt{
			Account: store.DigestOf("owner"), Address: places[0], Network: places[1], Wide: places[2], Widest: places[3],
		}, time.Hour); err != nil {
			t.Fatal(err)
		}
		owner := make(chan error, 1)
		go func() {
			r := byUsername("owner", "right")
			r.Address = neighbour
			_, err := a.VerifyPassword(t.Context(), r)
			owner <- err
		}()
		synctest.Wait()
		if len(owner) != 0 {
			t.Fatalf("the owner, from a known address, has no place: %v", <-owner)
		}
		close(release)
		want(t, "the owner", <-owner, auth.ErrLoginRefused) // nobody has this name
		for range 2 {
			want(t, "a guess", <-judged, auth.ErrLoginRefused)
		}
		for range 3 { // five tries are free, and the refused one was none
			want(t, "one more", guess(), auth.ErrLoginRefused)
		}
		want(t, "the sixth", guess(), auth.ErrTooManyAttempts)
	})
}

// slowAttempts is a store that takes its time to count a try.
type slowAttempts struct {
	*testStore
	begun, release chan string
}

func (s slowAttempts) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	s.begun <- a.Network
	<-s.release
	return s.testStore.BeginAttempt(ctx, a, l)
}

func TestTriesOfANetworkAreCountedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := slowAttempts{newStore(t), make(chan string, 9), make(chan string)}
		a, err := auth.New(auth.DefaultConfig(), auth.Deps{Store: db, VerifySite: func(string, string) bool { return false }})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 9)
		for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1"} {
			go func() {
				r := byUsername("ada", "guess")
				r.Address = address
				_, err := a.VerifyPassword(t.Context(), r)
				done <- err
			}()
		}
		synctest.Wait()
		if first, second := <-db.begun, <-db.begun; len(db.begun) != 0 || first == second {
			t.Errorf("%d more were begun beside %s and %s", len(db.begun), first, second)
		}
		close(db.release)
		for range 4 {
			want(t, "a guess", <-done, auth.ErrLoginRefused)
		}
	})
}
