package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, url string, cfg rediscache.Config) *rediscache.Redis {
	t.Helper()
	cfg.Log = quiet
	r, err := rediscache.Open(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// ask lets somebody else send a command to a server.
func ask(t *testing.T, server *testenv.PrivateRedis, args ...string) string {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr()}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	reply, err := client.Do(t.Context(), client.B().Arbitrary(args...).Build()).ToAny()
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return fmt.Sprint(reply)
}

// eventually polls, for what happens in another process in its own time.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	within(t, 20*time.Second, what, try)
}

// within is eventually with a bound that is part of the promise.
func within(t *testing.T, bound time.Duration, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s: %v", bound, what, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// patient waits long enough for a busy machine.
var patient = rediscache.Config{Timeout: 5 * time.Second, MaxValue: 1000}

func works(t *testing.T, r *rediscache.Redis) {
	t.Helper()
	eventually(t, "redis is used", func() error { return r.Set(t.Context(), "works", []byte("v"), time.Minute) })
}

func TestRedisSuite(t *testing.T) {
	t.Parallel()
	suite := func(t *testing.T, url string) {
		t.Helper()
		cfg := patient
		cfg.Prefix = "waystone-test:"
		r := open(t, url, cfg)
		eventually(t, "redis answers", func() error { return r.Ping(t.Context()) })
		if state := r.State(); state != rediscache.StateClosed {
			t.Errorf("state %s", state)
		}
		runSuite(t, r, cfg.MaxValue)
	}
	t.Run("single", func(t *testing.T) {
		t.Parallel()
		server := testenv.OwnRedis(t, "requirepass=s/@:e,t")
		suite(t, "redis://:s%2F%40%3Ae%2Ct@"+server.Addr()+"/3")
	})
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		suite(t, testenv.OwnSentinels(t, testenv.Secrets{Servers: "one", Sentinels: "two"}).URL())
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		cluster := testenv.OwnCluster(t)
		suite(t, cluster.URL())
		refused(t, "redis://"+cluster.Nodes[0].Addr(), "needs redis-cluster://")
	})
	t.Run("of another kind", func(t *testing.T) {
		t.Parallel()
		server := testenv.OwnRedis(t)
		refused(t, "redis-cluster://"+server.Addr(), "needs redis://")
		refused(t, "redis-sentinel://"+server.Addr()+"/m", "redis cannot be reached")
	})
}

func TestKeysHaveThePrefixAndExpire(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	cfg := patient
	cfg.Prefix = "waystone:"
	r := open(t, server.URL(), cfg)
	if err := r.Set(t.Context(), "user:1", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if ttl, err := strconv.Atoi(ask(t, server, "PTTL", "waystone:user:1")); err != nil || ttl <= 0 || ttl > 60000 {
		t.Errorf("PTTL of the key: %d, %v", ttl, err)
	}
}

func TestForeignValues(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	cfg := patient
	cfg.Failures = 1
	r := open(t, server.URL(), cfg)
	ask(t, server, "LPUSH", "list", "x")
	ask(t, server, "SET", "large", strings.Repeat("x", 1001))
	ask(t, server, "SET", "garbage", "\x00\xff")
	if _, ok, err := r.Get(t.Context(), "list"); ok || err == nil || errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("list: %v, %v", ok, err)
	}
	if _, ok, err := r.Get(t.Context(), "large"); ok || !errors.Is(err, rediscache.ErrTooLarge) {
		t.Errorf("large: %v, %v", ok, err)
	}
	values, err := r.GetMany(t.Context(), []string{"list", "garbage", "none", "large"})
	if diff := cmp.Diff([][]byte{{}, []byte("\x00\xff"), nil, {}}, values); diff != "" || err != nil {
		t.Errorf("all at once: %v %s", err, diff)
	}
	if state := r.State(); state != rediscache.StateClosed {
		t.Errorf("what others wrote has made the breaker %s", state)
	}
	if err := r.Set(t.Context(), "list", []byte("v"), time.Minute); err != nil {
		t.Errorf("replace the list: %v", err)
	}
}

// TestStartWithoutRedis starts against nothing, and against something that
// takes connections and never says a word.
func TestStartWithoutRedis(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, url := range map[string]string{
		"refused":          "redis://127.0.0.1:1",
		"silent":           "redis://" + silent.Addr().String(),
		"refused sentinel": "redis-sentinel://127.0.0.1:1,127.0.0.1:2/m",
		"silent sentinel":  "redis-sentinel://" + silent.Addr().String() + "/m",
		"refused cluster":  "redis-cluster://127.0.0.1:1,127.0.0.1:2",
		"silent cluster":   "redis-cluster://" + silent.Addr().String(),
	} {
		began := time.Now()
		r := open(t, url, rediscache.Config{DialTimeout: 500 * time.Millisecond})
		_, _, err := r.Get(t.Context(), "k")
		many, errMany := r.GetMany(t.Context(), []string{"k", "l"})
		if len(many) != 2 {
			t.Errorf("%s: %d values of 2 keys", name, len(many))
		}
		for _, err := range []error{err, errMany, r.Set(t.Context(), "k", nil, time.Minute), r.Del(t.Context(), "k"), r.Ping(t.Context())} {
			if !errors.Is(err, rediscache.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if state := r.State(); state != rediscache.StateConnecting {
			t.Errorf("%s: state %s", name, state)
		}
		r.Close()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: start, calls and close took %s", name, took)
		}
	}
}

func TestRedisThatComesLate(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	server.Stop(t)
	r := open(t, server.URL(), rediscache.Config{Timeout: time.Second})
	if err := r.Set(t.Context(), "k", nil, time.Minute); !errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("before redis has started: %v", err)
	}
	server.Start(t)
	works(t, r)
}

// TestCertificatesAreChecked: all three forms speak TLS, and not with a server
// that nobody vouches for.
func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelError)
	server.StartTLS()
	defer server.Close()
	addr := server.Listener.Addr().String()
	for _, url := range []string{"rediss://" + addr, "rediss-sentinel://" + addr + "/m", "rediss-cluster://" + addr} {
		refused(t, url, "failed to verify certificate")
	}
}

// failsUntilOpen makes calls until the breaker opens, and counts them.
func failsUntilOpen(t *testing.T, r *rediscache.Redis) (calls int) {
	t.Helper()
	for r.State() != rediscache.StateOpen {
		if err := r.Set(t.Context(), "k", nil, time.Minute); !errors.Is(err, rediscache.ErrUnavailable) {
			t.Fatalf("call %d: %v", calls, err)
		}
		if calls++; calls > 100 {
			t.Fatal("the breaker does not open")
		}
	}
	return calls
}

func TestRedisThatDiesAndComesBack(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	r := open(t, server.URL(), rediscache.Config{Timeout: time.Second, Failures: 3, OpenFor: 50 * time.Millisecond})
	works(t, r)
	for range 2 {
		server.Kill(t)
		if calls := failsUntilOpen(t, r); calls != 3 {
			t.Errorf("opened after %d failures, want 3", calls)
		}
		server.Start(t)
		works(t, r)
		if state := r.State(); state != rediscache.StateClosed {
			t.Errorf("back, and the breaker is %s", state)
		}
	}
}

func TestRedisThatFreezes(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	const timeout = 100 * time.Millisecond
	r := open(t, server.URL(), rediscache.Config{Timeout: timeout, Failures: 2, OpenFor: time.Hour})
	works(t, r)
	server.Freeze(t)
	began := time.Now()
	if calls := failsUntilOpen(t, r); calls != 2 {
		t.Errorf("opened after %d failures, want 2", calls)
	}
	if took := time.Since(began); took < timeout || took > 20*timeout {
		t.Errorf("two calls of at most %s took %s", timeout, took)
	}
	// Open, calls do not wait for Redis at all: these would take 1,000 timeouts.
	began = time.Now()
	for range 1000 {
		if _, _, err := r.Get(t.Context(), "k"); !errors.Is(err, rediscache.ErrUnavailable) {
			t.Fatalf("while open: %v", err)
		}
	}
	if took := time.Since(began); took > 10*timeout {
		t.Errorf("1,000 calls while open took %s", took)
	}
	server.Thaw(t)
	eventually(t, "ping passes the open breaker", func() error { return r.Ping(t.Context()) })
}

// TestManyCallsToAFrozenRedis: none waits for another, and all work again
// afterwards.
func TestManyCallsToAFrozenRedis(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	const timeout, callers = 200 * time.Millisecond, 500
	r := open(t, server.URL(), rediscache.Config{Timeout: timeout, Failures: 1 << 20})
	works(t, r)
	server.Freeze(t)
	began := time.Now()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if _, err := r.GetMany(t.Context(), []string{"works", fmt.Sprint("k", i)}); !errors.Is(err, rediscache.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > 20*timeout {
		t.Errorf("%d calls of at most %s at once took %s", callers, timeout, took)
	}
	server.Thaw(t)
	works(t, r)
}

// TestCallsDoNotWaitForConnections: one that is being made in somebody else's
// time costs a call no more than its own.
func TestCallsDoNotWaitForConnections(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	const timeout, dial = 50 * time.Millisecond, 5 * time.Second
	r := open(t, server.URL(), rediscache.Config{Timeout: timeout, DialTimeout: dial, Failures: 1000})
	works(t, r)
	server.Kill(t)
	// Somebody else takes the port: he takes connections and never says a word.
	silent, err := net.Listen("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var pings sync.WaitGroup
	defer pings.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 4 {
		pings.Go(func() {
			for ctx.Err() == nil {
				_ = r.Ping(ctx) // takes dial to fail
			}
		})
	}
	if _, err := silent.Accept(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		began := time.Now()
		if _, _, err := r.Get(t.Context(), fmt.Sprint("k", i)); !errors.Is(err, rediscache.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > dial/2 {
			t.Fatalf("a call of at most %s took %s", timeout, took)
		}
	}
}

func TestCallersWhoGiveUpDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	r := open(t, server.URL(), rediscache.Config{Timeout: 10 * time.Second, Failures: 1})
	works(t, r)
	server.Freeze(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := r.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if state := r.State(); state != rediscache.StateClosed {
		t.Errorf("the breaker is %s", state)
	}
	server.Thaw(t)
	works(t, r)
}

func TestCloseDuringCalls(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	r := open(t, server.URL(), patient)
	works(t, r)
	var calls sync.WaitGroup
	begun := make(chan struct{}, 4)
	for range cap(begun) {
		calls.Go(func() {
			begun <- struct{}{}
			for r.Set(t.Context(), "k", []byte("v"), time.Minute) == nil {
			}
		})
	}
	for range cap(begun) {
		<-begun
	}
	r.Close()
	calls.Wait()
	if err := r.Del(t.Context(), "k"); !errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	r.Close()
}

// syncBuffer keeps what a logger writes.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// Write implements io.Writer.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) has(text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(b.text.String(), text) {
		return fmt.Errorf("it is %q", b.text.String())
	}
	return nil
}
