package rediscache_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestSetNewer(t *testing.T) {
	t.Parallel()
	r := open(t, testenv.Redis(t), patient)
	eventually(t, "redis answers", func() error { return r.Ping(t.Context()) })
	value := func(rank uint64, text string) []byte { return []byte(rediscache.Rank(rank) + text) }
	set := func(v []byte) {
		t.Helper()
		if err := r.SetNewer(t.Context(), "k", v, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	want := func(v []byte) {
		t.Helper()
		if got, _, err := r.Get(t.Context(), "k"); err != nil || string(got) != string(v) {
			t.Errorf("got %q, %v; want %q", got, err, v)
		}
	}
	set(value(7, "seven"))
	want(value(7, "seven"))
	set(value(6, "six"))
	want(value(7, "seven"))
	set(value(7, "seven again"))
	want(value(7, "seven again"))
	set(value(1000, "a longer number"))
	want(value(1000, "a longer number"))
	for _, garbage := range []string{"", "text that is no rank, and longer than one", "9", strings.Repeat("\xff", 20)} {
		if err := r.Set(t.Context(), "k", []byte(garbage), time.Minute); err != nil {
			t.Fatal(err)
		}
		set(value(1, "over "+garbage))
		want(value(1, "over "+garbage))
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 16), "9999999999999999"} {
		if err := r.SetNewer(t.Context(), "k", []byte(bad), time.Minute); !errors.Is(err, rediscache.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if rank := rediscache.Rank(1 << 63); rank > rediscache.Rank(rediscache.MaxRank) {
		t.Errorf("rank %s", rank)
	}
}

// A key that somebody else uses for another kind of value is taken over.
func TestSetNewerOverAnotherType(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	r := open(t, server.URL(), patient)
	eventually(t, "redis answers", func() error { return r.Ping(t.Context()) })
	ask(t, server, "LPUSH", "k", "x")
	if err := r.SetNewer(t.Context(), "k", []byte(rediscache.Rank(1)+"v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := r.Get(t.Context(), "k"); !ok || err != nil || string(got) != rediscache.Rank(1)+"v" {
		t.Errorf("%q, %v, %v", got, ok, err)
	}
}

// TestSetNewerWithoutScript: the script is for a key that is taken.
func TestSetNewerWithoutScript(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	r := open(t, server.URL(), patient)
	eventually(t, "redis answers", func() error { return r.Ping(t.Context()) })
	for _, step := range []struct {
		rank   uint64
		script bool
	}{{1, false}, {2, true}} {
		if err := r.SetNewer(t.Context(), "k", []byte(rediscache.Rank(step.rank)+"v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(ask(t, server, "INFO", "commandstats"), "cmdstat_eval"); got != step.script {
			t.Errorf("rank %d: the script was run: %v, want %v", step.rank, got, step.script)
		}
		if ttl, err := strconv.Atoi(ask(t, server, "PTTL", "k")); err != nil || ttl <= 0 || ttl > 60000 {
			t.Errorf("rank %d: PTTL %d, %v", step.rank, ttl, err)
		}
	}
}
