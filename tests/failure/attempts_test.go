package failure

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// attemptWrites are the RPCs that count tries to sign in, none of which waits.
func (s *subject) attemptWrites(t *testing.T, tag string) []*call {
	t.Helper()
	limit := store.AttemptLimit{Free: 100_000, First: time.Second, Longest: time.Second, Memory: time.Hour}
	limits := store.AttemptLimits{Device: limit, Account: limit, Network: limit}
	try := func(name string) store.Attempt {
		return store.Attempt{Account: store.DigestOf(tag + name), Network: tag + " " + name}
	}
	begun, ended := try("begun"), try("ended")
	if _, err := s.db().BeginAttempt(t.Context(), ended, limits); err != nil {
		t.Fatal(err)
	}
	// counts returns how many tries each count of a try has: of the device, of
	// the account and of the network; -1 where there is none.
	counts := func(ctx context.Context, a store.Attempt) (n [3]int64, err error) {
		const of = `COALESCE((SELECT tries FROM game.attempt WHERE account = `
		err = s.one(ctx, `SELECT `+of+`$1 AND network = $2), -1), `+of+`$1 AND network = ''), -1), `+of+`'' AND network = $2), -1)`,
			[]any{a.Account[:], a.Network}, &n[0], &n[1], &n[2])
		return n, err
	}
	var tried, answers atomic.Int64
	begin := func(ctx context.Context) error {
		tried.Add(1)
		got, err := s.db().BeginAttempt(ctx, begun, limits)
		if err != nil {
			return err
		}
		answers.Add(1)
		return same("the admission", got, store.Admission{})
	}
	return []*call{
		{name: "BeginAttempt", kind: needsWrite, do: begin, after: func(ctx context.Context, _ error) error {
			n, err := counts(ctx, begun)
			if err != nil {
				return err
			}
			if n[0] < answers.Load() || n[0] > tried.Load() {
				return wrongf("%d tries are counted of %d, of which %d were answered", n[0], tried.Load(), answers.Load())
			}
			return same("the three counts", n, [3]int64{n[0], n[0], n[0]})
		}},
		{
			name: "EndAttempt", kind: needsWrite, do: func(ctx context.Context) error { return s.db().EndAttempt(ctx, ended, time.Hour) },
			after: func(ctx context.Context, _ error) error {
				n, err := counts(ctx, ended)
				if err != nil {
					return err
				}
				return same("the three counts", n, [3]int64{0, -1, -1})
			},
		},
	}
}
