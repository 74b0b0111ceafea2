package testenv

import (
	"context"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// Server is a server process that belongs to one test. Its address and, for
// PostgreSQL, its data stay the same through all that the test does to it. A
// method that cannot do its work fails the test.
type Server struct{ local *local.Server }

// Addr is host:port.
func (s *Server) Addr() string { return s.local.Addr() }

// Start starts the server after Stop or Kill and returns when it answers. It
// does nothing while the server runs.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	check(t, s.local.Start(ctx))
}

// Stop ends the server in order: clients are told, then connections refused.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	check(t, s.local.Stop())
}

// Kill ends the server as a power cut would, in the middle of whatever it does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	check(t, s.local.Kill())
}

// Freeze makes the server stand still: connections stay open, new ones are
// still taken by the kernel, and nothing answers until Thaw.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	check(t, s.local.Freeze())
}

// Thaw lets a frozen server go on where it stood.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	check(t, s.local.Thaw())
}

// PrivatePostgres is a PostgreSQL server of one test, and on it the database
// postgres.
type PrivatePostgres struct {
	PG
	Server
}

// Create makes another, empty database on the server.
func (p *PrivatePostgres) Create(t testing.TB) *PG {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	pg, err := newDatabase(ctx, p.url, emptyTemplate)
	if err != nil {
		t.Fatal(err)
	}
	return pg
}

// OwnPostgres starts a PostgreSQL for this test alone, which takes a second or
// two; the server ends with the test. Settings are of the form "name=value".
// It needs PostgreSQL's programs on this machine, not the shared server.
func OwnPostgres(t testing.TB, settings ...string) *PrivatePostgres {
	t.Helper()
	server := own(t, local.HavePostgres, local.Postgres, settings)
	return &PrivatePostgres{PG{url: server.URL(), name: "postgres"}, Server{server}}
}

// PrivateRedis is a Redis server of one test. It comes back empty from Stop
// and Kill.
type PrivateRedis struct{ Server }

// URL is what a client connects with; all logical databases are the test's.
func (r *PrivateRedis) URL() string { return r.local.URL() }

// OwnRedis starts a Redis for this test alone; the server ends with the test.
// Settings are of the form "name=value", as in redis.conf. It needs
// redis-server or valkey-server on this machine, not the shared server.
func OwnRedis(t testing.TB, settings ...string) *PrivateRedis {
	t.Helper()
	return &PrivateRedis{Server{own(t, local.HaveRedis, local.Redis, settings)}}
}

// own starts a server and sees to its end.
func own(t testing.TB, have func() error, start func(context.Context, ...string) (*local.Server, error), settings []string) *local.Server {
	t.Helper()
	if err := have(); err != nil {
		Missing(t, err.Error()+": run scripts/test-deps.sh")
	}
	ctx, cancel := bounded()
	defer cancel()
	server, err := start(ctx, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
