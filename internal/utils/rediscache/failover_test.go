package rediscache_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// healsWithin is the promise of Open, counted from when the servers are done.
const healsWithin = 5 * time.Second

// asShipped is how the database part opens its cache.
var asShipped = rediscache.Config{Prefix: "waystone:"}

// blackout makes a server fail; while it does, calls for the key are refused,
// and none takes longer than a call may.
func blackout(t *testing.T, r *rediscache.Redis, key string, fail func(testing.TB)) {
	t.Helper()
	eventually(t, "the key is set", func() error { return r.Set(t.Context(), key, []byte("v"), time.Minute) })
	fail(t)
	for i := range 20 {
		began := time.Now()
		values, err := r.GetMany(t.Context(), []string{key})
		if !errors.Is(err, rediscache.ErrUnavailable) || values[0] != nil {
			t.Fatalf("call %d after the master was lost: %q, %v", i, values, err)
		}
		// Twenty times the timeout, for a busy machine.
		if took := time.Since(began); took > 20*rediscache.DefaultTimeout {
			t.Errorf("call %d took %s", i, took)
		}
	}
}

func healed(t *testing.T, r *rediscache.Redis, key string) {
	t.Helper()
	began := time.Now()
	within(t, healsWithin, "calls go to the new master", func() error { return r.Set(t.Context(), key, []byte("new"), time.Minute) })
	t.Logf("healed %s after the servers", time.Since(began).Round(time.Millisecond))
	eventually(t, "all calls work", func() error {
		for range 20 {
			if value, ok, err := r.Get(t.Context(), key); err != nil || !ok || string(value) != "new" {
				return fmt.Errorf("%q, %v, %w", value, ok, err)
			}
		}
		return nil
	})
}

func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*testenv.PrivateRedis) func(testing.TB){
		"killed": func(m *testenv.PrivateRedis) func(testing.TB) { return m.Kill },
		"frozen": func(m *testenv.PrivateRedis) func(testing.TB) { return m.Freeze },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := testenv.OwnSentinels(t, testenv.Secrets{})
			r := open(t, group.URL(), asShipped)
			works(t, r)
			blackout(t, r, "k", fail(group.Redis[0]))
			group.AwaitMaster(t, group.Redis[1])
			healed(t, r, "k")
		})
	}
}

// TestSentinelsThatGo: the client does not hang on those that it began with.
func TestSentinelsThatGo(t *testing.T) {
	t.Parallel()
	group := testenv.OwnSentinels(t, testenv.Secrets{})
	r := open(t, group.URL(), asShipped)
	works(t, r)
	group.Sentinels[0].Kill(t)
	works(t, r)
	blackout(t, r, "k", group.Redis[0].Kill)
	group.AwaitMaster(t, group.Redis[1])
	healed(t, r, "k")
	// The old master comes back as a replica, and takes over in its turn.
	group.Redis[0].Start(t)
	group.AwaitReplica(t, group.Redis[0])
	blackout(t, r, "k", group.Redis[1].Kill)
	group.AwaitMaster(t, group.Redis[0])
	healed(t, r, "k")
}

func TestClusterFailover(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*testenv.PrivateRedis) func(testing.TB){
		"killed": func(m *testenv.PrivateRedis) func(testing.TB) { return m.Kill },
		"frozen": func(m *testenv.PrivateRedis) func(testing.TB) { return m.Freeze },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := testenv.OwnCluster(t)
			r := open(t, cluster.URL(), asShipped)
			works(t, r)
			master := cluster.Master(t, asShipped.Prefix+"k")
			keys, lost := spread(t, cluster, master)
			blackout(t, r, "k", fail(master))
			answersForTheLiving(t, cluster, keys, lost)
			cluster.AwaitTakeover(t, asShipped.Prefix+"k", master)
			healed(t, r, "k")
		})
	}
}

// spread stores keys on all nodes, and tells which of them are on one of these.
func spread(t *testing.T, cluster *testenv.RedisCluster, on *testenv.PrivateRedis) (keys []string, there map[string]bool) {
	t.Helper()
	r := open(t, cluster.URL(), patient)
	there = map[string]bool{}
	for i := range 30 {
		key := fmt.Sprint("spread", i)
		if err := r.Set(t.Context(), key, []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		there[key] = cluster.Master(t, key) == on
	}
	return keys, there
}

// answersForTheLiving: a node that is lost costs its own keys only.
func answersForTheLiving(t *testing.T, cluster *testenv.RedisCluster, keys []string, lost map[string]bool) {
	t.Helper()
	r := open(t, cluster.URL(), rediscache.Config{Timeout: 300 * time.Millisecond, Failures: 1000})
	eventually(t, "the cluster is connected", func() error {
		if r.State() == rediscache.StateConnecting {
			return rediscache.ErrUnavailable
		}
		return nil
	})
	values, err := r.GetMany(t.Context(), keys)
	if !errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("with a node lost: %v", err)
	}
	for i, k := range keys {
		if (values[i] == nil) != lost[k] {
			t.Errorf("%s: %q, its node is lost: %v", k, values[i], lost[k])
		}
	}
}

// refused: a server that is not what the URL says is not used, for with it some
// calls would fail for ever, and the log says which URL it needs.
func refused(t *testing.T, url, why string) {
	t.Helper()
	var log syncBuffer
	r, err := rediscache.Open(t.Context(), url, rediscache.Config{Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	eventually(t, "the log says "+why, func() error { return log.has(why) })
	if err := r.Ping(t.Context()); !errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("%s is used: %v", url, err)
	}
}
