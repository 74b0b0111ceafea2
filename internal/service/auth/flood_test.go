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

// BenchmarkFlood measures what a flood of sign-ins costs the others: 64 callers
// from one network guess passwords while somebody signs in from another and
// sessions are checked. It reports medians; that the other's turn comes next is
// held by the tests of the pool.
//
//	go test -run - -bench Flood -benchtime 1x ./internal/service/auth
func BenchmarkFlood(b *testing.B) {
	for _, c := range []struct {
		what string
		edit func(*auth.Config)
	}{
		{"limits of attempts off", unlimited},
		{"limits of attempts on", func(c *auth.Config) { c.AttemptDevice.Free = 5 }},
	} {
		b.Run(c.what, func(b *testing.B) {
			w := newWorld(b, c.edit)
			const signIns, checks = 11, 300
			for b.Loop() {
				quietIn, quietCheck := w.measure(b, signIns, checks)
				stop := w.flood(b)
				floodIn, floodCheck := w.measure(b, signIns, checks)
				judged, busy, slowed := stop()
				b.ReportMetric(quietIn, "ms/sign-in-quiet")
				b.ReportMetric(floodIn, "ms/sign-in-flood")
				b.ReportMetric(quietCheck, "ms/check-quiet")
				b.ReportMetric(floodCheck, "ms/check-flood")
				b.Logf("the flood had %d guesses judged, %d told busy, %d told to wait", judged, busy, slowed)
			}
		})
	}
}

// flood lets 64 callers guess until stop is called, which returns what they were
// told. When flood returns, each has been answered once.
func (w *world) flood(t testing.TB) (stop func() (judged, busy, slowed int64)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var begun, hammering sync.WaitGroup
	var judged, busy, slowed atomic.Int64
	begun.Add(64)
	for i := range 64 {
		hammering.Go(func() {
			for first := true; ctx.Err() == nil; first = false {
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
					begun.Done()
				}
				pause(ctx, 5*time.Millisecond) // what a network would take
			}
		})
	}
	begun.Wait()
	return func() (int64, int64, int64) {
		cancel()
		hammering.Wait()
		return judged.Load(), busy.Load(), slowed.Load()
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

// measure returns the medians of sign-ins from home and of session checks,
// milliseconds.
func (w *world) measure(t testing.TB, signIns, checks int) (signIn, check float64) {
	t.Helper()
	median := func(n int, call func() error) float64 {
		took := make([]time.Duration, n)
		for i := range took {
			begun := time.Now()
			if err := call(); err != nil {
				t.Fatal(err)
			}
			took[i] = time.Since(begun)
		}
		slices.Sort(took)
		return took[n/2].Seconds() * 1000
	}
	signIn = median(signIns, func() error {
		_, err := w.SignIn(t.Context(), &authv1.SignInRequest{
			User: &authv1.SignInRequest_Username{Username: "ada"}, Password: secret, Address: home,
		})
		return err
	})
	check = median(checks, func() error {
		_, err := w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: "token-ada1"})
		return err
	})
	return signIn, check
}
