package storepb_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

func TestAttemptLimitsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := func(name string) time.Duration { return time.Duration(rapid.Int64().Draw(t, name)) }
		l := store.AttemptLimit{
			Free: rapid.IntRange(0, 1<<31-1).Draw(t, "free"), First: length("first"), Longest: length("longest"), Memory: length("memory"),
		}
		same(t, l, storepb.AttemptLimit(overTheWire(t, storepb.AttemptLimitPB(l), new(databasev1.AttemptLimit))))
	})
	for _, free := range []int{-1, 1 << 40} {
		if got := storepb.AttemptLimit(storepb.AttemptLimitPB(store.AttemptLimit{Free: free})).Free; got >= 1 && got <= 100_000 {
			t.Errorf("%d free tries became %d, which nobody refuses", free, got)
		}
	}
}

func TestAttempt(t *testing.T) {
	t.Parallel()
	want := store.Attempt{
		Account: store.DigestOf("name"), Address: "203.0.113.7/32", Network: "203.0.113.0/24", Wide: "203.0.112.0/20", Widest: "203.0.0.0/16",
	}
	m := &databasev1.EndAttemptRequest{
		Account: want.Account[:], Address: want.Address, Network: want.Network, WideNetwork: want.Wide, WidestNetwork: want.Widest,
	}
	if got, err := storepb.Attempt(m); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	m.Account = m.GetAccount()[:31]
	_, err := storepb.Attempt(m)
	wantField(t, err, "account")
}
