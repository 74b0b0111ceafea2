package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
)

// TestFlood prints what a flood of sign-ins costs the others: 64 callers from
// one network guess passwords while somebody signs in from another and sessions
// are checked. That the other's turn comes next is held by the tests of the
// pool; here are figures, and one bound so wide that only a queue that is not
// fair breaks it: behind all 64, a sign-in takes 64 times its quiet time and
// more.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for some seconds")
	}
	for _, c := range []struct {
		what string
		edit func(*auth.Config)
	}{
		{"limits of attempts off", unlimited},
		{"limits of attempts on", func(c *auth.Config) { c.AttemptDevice.Free = 5 }},
	} {
		w := newWorld(t, c.edit)
		const signIns, checks = 11, 300
		quietIn, quietCheck := w.measure(t, signIns, checks)

		ctx, stop := context.WithCancel(t.Context())
		var begun sync.WaitGroup
		var hammering sync.WaitGroup
		var judged, busy, slowed atomic.Int64
		begun.Add(64)
		for i := range 64 {
			hammering.Go(func() {
				first := true
				for ctx.Err() == nil {
					r := byUsername("ada", "guess")
					r.Address = fmt.Sprintf("198.51.100.%d", i)
					_, err := w.VerifyPassword(ctx, r)
					switch {
					case errors.Is(err, auth.ErrLoginRefused):
						judged.Add(1)
					case errors.Is(err, auth.ErrBusy):
						busy.Add(1)
					case errors.Is(err, auth.ErrTooManyAttempts):
						slowed.Add(1)
					}
					if first {
						first = false
						begun.Done()
					}
					// A caller over a network needs some time to come back.
					pause(ctx, 5*time.Millisecond)
				}
			})
		}
		begun.Wait()
		floodIn, floodCheck := w.measure(t, signIns, checks)
		stop()
		hammering.Wait()
		t.Logf("%s: an honest sign-in took %v quiet and %v in the flood, x%.2f; a session check %v and %v, x%.2f; the flood had %d guesses judged, %d told busy, %d told to wait",
			c.what, quietIn, floodIn, ratio(floodIn, quietIn), quietCheck, floodCheck, ratio(floodCheck, quietCheck),
			judged.Load(), busy.Load(), slowed.Load())
		if r := ratio(floodIn, quietIn); r > 32 {
			t.Errorf("%s: an honest sign-in took %.0f times its quiet time", c.what, r)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// measure returns the medians of sign-ins from home and of session checks.
func (w *world) measure(t *testing.T, signIns, checks int) (signIn, check time.Duration) {
	t.Helper()
	took := func(n int, call func() error) time.Duration {
		all := make([]time.Duration, n)
		for i := range all {
			begun := time.Now()
			if err := call(); err != nil {
				t.Fatal(err)
			}
			all[i] = time.Since(begun)
		}
		slices.Sort(all)
		return all[n/2].Round(time.Microsecond)
	}
	signIn = took(signIns, func() error {
		_, err := w.SignIn(t.Context(), &authv1.SignInRequest{
			User: &authv1.SignInRequest_Username{Username: "ada"}, Password: secret, Address: home,
		})
		return err
	})
	check = took(checks, func() error {
		_, err := w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: "token-ada1"})
		return err
	})
	return signIn, check
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }
