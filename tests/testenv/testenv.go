// Package testenv gives tests real servers: PostgreSQL and Redis.
//
// The one idea is that a test says what it needs and gets it for itself alone.
// [Postgres] is a fresh database and [Redis] a logical database of its own, on
// servers shared by the whole test run; [OwnPostgres] and [OwnRedis] are whole
// servers that the test may stop, kill, freeze and start again. All of it goes
// when the test ends, so tests may run in parallel, in any number of processes.
//
// `make test` starts the shared servers and names them in TEST_DATABASE_URL and
// TEST_REDIS_URL. Where a server cannot be had, a test is skipped with a hint;
// with CI set it fails, so that no pipeline is green for having tested nothing.
package testenv

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// The variables that name the shared servers, as the superuser. Tests create
// and drop databases, roles and keys there: never name a server that holds
// anything of value.
const (
	DatabaseURLVariable = "TEST_DATABASE_URL"
	RedisURLVariable    = "TEST_REDIS_URL"
)

// AllVariable has the tests run that make test leaves out, because others
// check nearly the same in less time: make test-rest sets it.
const AllVariable = "TEST_ALL"

// within bounds every single thing that the package does for a test, a start
// of a server included.
const within = 2 * time.Minute

// FreePort returns a TCP port that nobody listens on at 127.0.0.1, and that is
// never given to an outgoing connection. Prefer port 0 where the server tells
// which one it got: a free port may be taken before it is used.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := local.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// shared reads the address of a shared server or ends the test.
func shared(t testing.TB, variable string) string {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" {
		Missing(t, variable+" is not set: run make test, or set it to a server that holds nothing of value")
	}
	return url
}

// Missing ends a test that cannot have what it needs, a server or anything
// else: it skips, and fails with CI set. The hint says what to do.
func Missing(t testing.TB, hint string) {
	t.Helper()
	if underCI() {
		t.Fatalf("%s (a skip, but CI is set)", hint)
	}
	t.Skip(hint)
}

// Some returns the cases of a table that have these names, or every case if
// [AllVariable] is set. Each case that is left out should differ from one of them
// in little. make test-rest has to name the test.
func Some[C any](t testing.TB, every map[string]C, names ...string) map[string]C {
	t.Helper()
	if os.Getenv(AllVariable) != "" {
		return every
	}
	some := make(map[string]C, len(names))
	for _, name := range names {
		c, ok := every[name]
		if !ok {
			t.Fatalf("there is no case %q", name)
		}
		some[name] = c
	}
	return some
}

// OnlyInAll skips a test unless [AllVariable] is set. The reason says which test
// checks the same on every run. make test-rest has to name the test.
func OnlyInAll(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(AllVariable) == "" {
		t.Skipf("only with %s set, as make test-rest does: %s", AllVariable, reason)
	}
}

// underCI: CI systems set CI to true or 1; whatever is no clear "no" counts.
func underCI() bool {
	value := os.Getenv("CI")
	set, err := strconv.ParseBool(value)
	return value != "" && (err != nil || set)
}

// bounded is a context for one step of set-up or cleanup. It does not hang on
// the test's own, which is cancelled before cleanup begins.
func bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), within)
}
