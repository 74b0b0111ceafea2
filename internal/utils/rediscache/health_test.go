package rediscache_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/utils/health"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// TestHealthIsThatOfWrites: what answers to a ping and takes no write is named
// by its reason, and is well again without a restart.
func TestHealthIsThatOfWrites(t *testing.T) {
	t.Parallel()
	server := testenv.OwnRedis(t)
	cfg := patient
	cfg.Prefix = "waystone:"
	r := open(t, server.URL(), cfg)
	well := func() {
		t.Helper()
		eventually(t, "Redis is well", func() error { return r.Health(t.Context()) })
	}
	amiss := func(r *rediscache.Redis, reason, sentence string) {
		t.Helper()
		eventually(t, reason, func() error { return want(r.Health(t.Context()), reason, sentence) })
	}
	well()

	host, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	ask(t, server, "REPLICAOF", host, "1") // a master that is not there
	amiss(r, "read_only", "takes no writes: REDIS_URL has to lead to the master")
	if err := r.Ping(t.Context()); err != nil {
		t.Errorf("a replica does not even answer: %v", err)
	}
	ask(t, server, "REPLICAOF", "NO", "ONE")
	well()

	ask(t, server, "CONFIG", "SET", "maxmemory-policy", "noeviction")
	ask(t, server, "CONFIG", "SET", "maxmemory", "1")
	amiss(r, "full", "raise maxmemory")
	ask(t, server, "CONFIG", "SET", "maxmemory", "0")
	well()

	// A password that was changed is noticed by the next connection.
	ask(t, server, "CONFIG", "SET", "requirepass", "changed")
	quick := cfg
	quick.Timeout = 0 // Open waits for as long
	amiss(open(t, server.URL(), quick), "refused", "were they changed?")
	url := "redis://:changed@" + net.JoinHostPort(host, port)
	eventually(t, "Redis is well", func() error { return open(t, url, cfg).Health(t.Context()) })

	server.Stop(t)
	amiss(r, "unreachable", "Redis does not answer")
}

// want returns an error unless a check that fails with err has the reason and
// says the sentence.
func want(err error, reason, sentence string) error {
	h := health.New(health.Config{})
	h.Add(health.Check{Name: "redis", Degraded: true, Reasons: rediscache.Reasons(), Func: func(context.Context) error { return err }})
	if got := h.Report().Checks[0]; got.Reason != reason || !strings.Contains(got.Error, sentence) {
		return errors.New(got.Reason + ": " + got.Error)
	}
	return nil
}
