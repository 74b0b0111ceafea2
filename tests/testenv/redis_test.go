package testenv_test

import (
	"errors"
	"testing"

	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// dial connects to a Redis for the length of a test.
func dial(t *testing.T, url string) rueidis.Client {
	t.Helper()
	option, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache = true
	option.ForceSingleClient = true
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestRedisBelongsToTheTest(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	outer := dial(t, testenv.Redis(t))
	if err := outer.Do(ctx, outer.B().Set().Key("k").Value("outer").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	var last rueidis.Client
	t.Run("inner", func(t *testing.T) {
		url := testenv.Redis(t)
		inner := dial(t, url)
		if err := inner.Do(ctx, inner.B().Get().Key("k").Build()).Error(); !errors.Is(err, rueidis.Nil) {
			t.Errorf("the key of another test: %v, want none", err)
		}
		if err := inner.Do(ctx, inner.B().Set().Key("k").Value("inner").Build()).Error(); err != nil {
			t.Fatal(err)
		}
		option, err := rueidis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		option.DisableCache, option.ForceSingleClient = true, true
		if last, err = rueidis.NewClient(option); err != nil { // outlives the inner test
			t.Fatal(err)
		}
	})
	defer last.Close()
	if n, err := last.Do(ctx, last.B().Exists().Key("k").Build()).AsInt64(); err != nil || n != 0 {
		t.Errorf("the inner test's key after its end: %d, %v", n, err)
	}
	if got, err := outer.Do(ctx, outer.B().Get().Key("k").Build()).ToString(); err != nil || got != "outer" {
		t.Errorf("the outer test's key: %q, %v", got, err)
	}
}

// TestRedisRunsOut: with as many tests as logical databases each has its own,
// one more is told, and a database given back is given out again.
func TestRedisRunsOut(t *testing.T) {
	server := testenv.OwnRedis(t, "databases=4")
	t.Setenv(testenv.RedisURLVariable, server.URL())
	held := map[string]bool{}
	t.Run("inner", func(t *testing.T) {
		for range 3 {
			held[testenv.Redis(t)] = true
		}
		if len(held) != 3 {
			t.Errorf("3 calls gave %v", held)
		}
		v := judge(func(t testing.TB) { t.Helper(); testenv.Redis(t) })
		if v.failed == "" {
			t.Error("the fourth of three databases was given out")
		}
	})
	if again := testenv.Redis(t); !held[again] {
		t.Errorf("got %s, want one of %v", again, held)
	}
}
