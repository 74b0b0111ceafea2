package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
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

// patient waits long enough for a busy machine.
var patient = rediscache.Config{Timeout: 5 * time.Second, MaxValue: 1000}

func works(t *testing.T, r *rediscache.Redis) {
	t.Helper()
	eventually(t, "redis is used", func() error { return r.Set(t.Context(), "works", []byte("v"), time.Minute) })
}

func TestRedisSuite(t *testing.T) {
	t.Parallel()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		server := newRedisServer(t)
		server.start(t)
		url = server.url()
	}
	cfg := patient
	cfg.Prefix = fmt.Sprintf("waystone-test-%d:", time.Now().UnixNano())
	r := open(t, url, cfg)
	eventually(t, "redis answers", func() error { return r.Ping(t.Context()) })
	if state := r.State(); state != rediscache.StateClosed {
		t.Errorf("state %s", state)
	}
	runSuite(t, r, cfg.MaxValue)
}

func TestKeysHaveThePrefixAndExpire(t *testing.T) {
	t.Parallel()
	server := newRedisServer(t)
	server.start(t)
	cfg := patient
	cfg.Prefix = "waystone:"
	r := open(t, server.url(), cfg)
	if err := r.Set(t.Context(), "user:1", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if reply, err := server.command("PTTL waystone:user:1"); err != nil || len(reply) < 5 || reply[1] == '-' {
		t.Errorf("PTTL of the key: %q, %v", reply, err)
	}
}

func TestForeignValues(t *testing.T) {
	t.Parallel()
	server := newRedisServer(t)
	server.start(t)
	cfg := patient
	cfg.Failures = 1
	r := open(t, server.url(), cfg)
	for _, command := range []string{"LPUSH list x", "SET large " + strings.Repeat("x", 1001)} {
		if _, err := server.command(command); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := r.Get(t.Context(), "list"); ok || err == nil || errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("list: %v, %v", ok, err)
	}
	if _, ok, err := r.Get(t.Context(), "large"); ok || !errors.Is(err, rediscache.ErrTooLarge) {
		t.Errorf("large: %v, %v", ok, err)
	}
	if state := r.State(); state != rediscache.StateClosed {
		t.Errorf("what others wrote has made the breaker %s", state)
	}
	if err := r.Set(t.Context(), "list", []byte("v"), time.Minute); err != nil {
		t.Errorf("replace the list: %v", err)
	}
}

func TestMalformedURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "none", "127.0.0.1:6379", "http://canary@h", "redis://", "redis://:6379",
		"redis://u:canary@h:port", "redis://u:canary@h/one", "redis://u:canary@h/-1", "rediss://u:canary@h/1/2",
		"redis://u:can\x7fary@h", "redis://h?dial_timeout=canary",
	} {
		r, err := rediscache.Open(t.Context(), url, rediscache.Config{Log: quiet})
		if err == nil {
			r.Close()
			t.Errorf("%q was accepted", url)
			continue
		}
		if !strings.Contains(err.Error(), "must be redis://") || strings.Contains(err.Error(), "can") {
			t.Errorf("%q: %v", url, err)
		}
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
		"refused": "redis://127.0.0.1:1",
		"silent":  "redis://" + silent.Addr().String(),
	} {
		began := time.Now()
		r := open(t, url, rediscache.Config{DialTimeout: 500 * time.Millisecond})
		_, _, err := r.Get(t.Context(), "k")
		for _, err := range []error{err, r.Set(t.Context(), "k", nil, time.Minute), r.Del(t.Context(), "k"), r.Ping(t.Context())} {
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
	server := newRedisServer(t)
	r := open(t, server.url(), rediscache.Config{Timeout: time.Second})
	if err := r.Set(t.Context(), "k", nil, time.Minute); !errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("before redis has started: %v", err)
	}
	server.start(t)
	works(t, r)
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
	server := newRedisServer(t)
	server.start(t)
	r := open(t, server.url(), rediscache.Config{Timeout: time.Second, Failures: 3, OpenFor: 50 * time.Millisecond})
	works(t, r)
	for range 2 {
		server.stop()
		if calls := failsUntilOpen(t, r); calls != 3 {
			t.Errorf("opened after %d failures, want 3", calls)
		}
		server.start(t)
		works(t, r)
		if state := r.State(); state != rediscache.StateClosed {
			t.Errorf("back, and the breaker is %s", state)
		}
	}
}

func TestRedisThatFreezes(t *testing.T) {
	t.Parallel()
	server := newRedisServer(t)
	server.start(t)
	const timeout = 100 * time.Millisecond
	r := open(t, server.url(), rediscache.Config{Timeout: timeout, Failures: 2, OpenFor: time.Hour})
	works(t, r)
	if err := server.freeze(); err != nil {
		t.Fatal(err)
	}
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
	if err := server.thaw(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ping passes the open breaker", func() error { return r.Ping(t.Context()) })
}

func TestCallersWhoGiveUpDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	server := newRedisServer(t)
	server.start(t)
	r := open(t, server.url(), rediscache.Config{Timeout: 10 * time.Second, Failures: 1})
	works(t, r)
	if err := server.freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := r.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rediscache.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if state := r.State(); state != rediscache.StateClosed {
		t.Errorf("the breaker is %s", state)
	}
	if err := server.thaw(); err != nil {
		t.Fatal(err)
	}
	works(t, r)
}

func TestCloseDuringCalls(t *testing.T) {
	t.Parallel()
	server := newRedisServer(t)
	server.start(t)
	r := open(t, server.url(), patient)
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
