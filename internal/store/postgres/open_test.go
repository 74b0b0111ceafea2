package postgres_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestOpenNamesDatabaseURL(t *testing.T) {
	t.Parallel()
	silent := listen(t)
	refusing := freeAddr(t)
	for name, c := range map[string]struct {
		url  string
		kind errs.Kind
		want string
	}{
		"empty":           {"", errs.FailedPrecondition, "not set"},
		"no URL":          {"host=localhost port=hunter2", errs.FailedPrecondition, "malformed"},
		"slash in it":     {"postgres://u:hunter2/x@127.0.0.1/db", errs.FailedPrecondition, "percent-encoded"},
		"bad escape":      {"postgres://u:hunter2%zz@127.0.0.1/db", errs.FailedPrecondition, "malformed"},
		"nobody listens":  {"postgres://u:hunter2@" + refusing + "/db", errs.Unavailable, refusing},
		"nobody answers":  {"postgres://u:hunter2@" + silent + "/db?sslmode=disable", errs.Unavailable, silent},
		"no such host":    {"postgres://u:hunter2@host.invalid/db", errs.Unavailable, "host.invalid"},
		"bad pool option": {"postgres://u:hunter2@127.0.0.1/db?pool_max_conns=x", errs.FailedPrecondition, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := postgres.Open(ctx, postgres.Config{URL: c.url})
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v beyond a deadline of 0.5 s", took)
			}
			wantSentence(t, err, c.kind, "DATABASE_URL", c.want)
		})
	}
}

func TestOpenSaysWhatTheServerRefused(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	for name, c := range map[string]struct {
		edit func(u *url.URL)
		want string
	}{
		"database": {func(u *url.URL) { u.Path = "/no_such_database" }, `no database "no_such_database"`},
		"user":     {func(u *url.URL) { u.User = url.UserPassword("no_such_user", "hunter2") }, `refused user "no_such_user"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(pg.URL())
			if err != nil {
				t.Fatal(err)
			}
			c.edit(u)
			_, err = postgres.Open(t.Context(), postgres.Config{URL: u.String()})
			wantSentence(t, err, errs.FailedPrecondition, "DATABASE_URL", c.want)
		})
	}
}

func TestOpenRefusesSettingsOutOfRange(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]postgres.Config{
		"connections":      {MaxConns: postgres.MaxMaxConns + 1},
		"negative":         {MaxConns: -1},
		"session lifetime": {SessionExpiresIn: -time.Second},
		"update age":       {SessionExpiresIn: time.Hour, SessionUpdateAge: 2 * time.Hour},
	} {
		cfg.URL = "postgres://127.0.0.1:1/x"
		_, err := postgres.Open(t.Context(), cfg)
		if errs.ReasonOf(err) != "STORE_MISCONFIGURED" {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
}

// wantSentence checks an error that an operator reads: what it says, and that
// it does not give the password away.
func wantSentence(t *testing.T, err error, kind errs.Kind, words ...string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a classified error", err)
	}
	if e.Kind != kind {
		t.Errorf("kind %v, want %v: %v", e.Kind, kind, err)
	}
	for _, w := range words {
		if !strings.Contains(e.Msg, w) {
			t.Errorf("%q does not say %q", e.Msg, w)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%q tells the password", err)
	}
}

// listen returns the address of a server that takes connections and never
// says a word.
func listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestServerGoneIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t)
	pg.Exec(t, schemaOf("postgres_schema.sql"))
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	pg.Kill(t)
	if _, err := s.GetUser(t.Context(), "x", store.Fresh); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a read without a server: got %v, want %v", err, store.ErrUnavailable)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping without a server: got %v, want %v", err, store.ErrUnavailable)
	}
	pg.Start(t)
	if _, err := s.GetUser(t.Context(), "x", store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("once the server is back: got %v, want %v", err, store.ErrUserNotFound)
	}
	pg.Freeze(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.GetUser(ctx, "x", store.Fresh); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a frozen server: got %v, want the caller's deadline", err)
	}
	pg.Thaw(t)
}
