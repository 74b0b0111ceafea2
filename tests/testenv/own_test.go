package testenv_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// refused reports whether nobody listens at an address.
func refused(t *testing.T, addr string) bool {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

func TestOwnPostgresComesBackWithItsData(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t, "max_connections=17")
	if got := ask[string](t, pg.URL(), "SHOW max_connections"); got != "17" {
		t.Errorf("max_connections is %s: a test's setting must win", got)
	}
	db := pg.Create(t)
	db.Exec(t, "CREATE TABLE a (id int)")
	url, addr := pg.URL(), pg.Addr()
	for _, end := range []struct {
		name string
		do   func(testing.TB)
	}{{"stop", pg.Stop}, {"kill", pg.Kill}} {
		open, err := pgx.Connect(t.Context(), db.URL())
		if err != nil {
			t.Fatal(err)
		}
		db.Exec(t, "INSERT INTO a VALUES (1)")
		end.do(t)
		end.do(t) // a second time does nothing
		if !refused(t, addr) {
			t.Errorf("after %s somebody still listens on %s", end.name, addr)
		}
		if err := open.Ping(t.Context()); err == nil {
			t.Errorf("after %s an open connection still answers", end.name)
		}
		pg.Start(t)
		pg.Start(t)
		if pg.URL() != url {
			t.Errorf("after %s the URL is %s, before it was %s", end.name, pg.URL(), url)
		}
	}
	if got := ask[int](t, db.URL(), "SELECT count(*) FROM a"); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
}

func TestFrozenPostgresAnswersAfterThaw(t *testing.T) {
	t.Parallel()
	pg := testenv.OwnPostgres(t)
	open, err := pgx.Connect(t.Context(), pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close(context.Background()) }()
	pg.Freeze(t)
	answer := make(chan error, 1)
	go func() { answer <- open.Ping(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if conn, err := pgx.Connect(ctx, pg.URL()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a frozen server took a new connection")
	}
	select {
	case err := <-answer:
		t.Fatalf("a frozen server answered: %v", err)
	default:
	}
	pg.Thaw(t)
	if err := <-answer; err != nil {
		t.Errorf("the connection did not live through it: %v", err)
	}
}

// TestFrozenServersCanBeEnded: no state is a trap, for the test's end closes
// the server in whatever state it is.
func TestFrozenServersCanBeEnded(t *testing.T) {
	t.Parallel()
	pg, redis := testenv.OwnPostgres(t), testenv.OwnRedis(t)
	open, err := pgx.Connect(t.Context(), pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close(context.Background()) }()
	for _, end := range []func(testing.TB){pg.Stop, pg.Kill} {
		pg.Freeze(t)
		end(t)
		pg.Start(t)
	}
	for _, end := range []func(testing.TB){redis.Stop, redis.Kill} {
		redis.Freeze(t)
		end(t)
		redis.Start(t)
	}
	pg.Freeze(t)
	redis.Freeze(t)
}

func TestOwnRedisComesBackEmpty(t *testing.T) {
	t.Parallel()
	redis := testenv.OwnRedis(t, "maxmemory=50mb")
	client := dial(t, redis.URL())
	ctx := t.Context()
	limit, err := client.Do(ctx, client.B().ConfigGet().Parameter("maxmemory").Build()).AsStrMap()
	if err != nil || limit["maxmemory"] != "52428800" {
		t.Errorf("maxmemory %v, %v: a test's setting must win", limit, err)
	}
	if err := client.Do(ctx, client.B().Set().Key("k").Value("v").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	redis.Freeze(t)
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if err := client.Do(short, client.B().Get().Key("k").Build()).Error(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a frozen server: %v, want no answer", err)
	}
	redis.Thaw(t)
	redis.Kill(t)
	if !refused(t, redis.Addr()) {
		t.Error("after kill somebody still listens")
	}
	redis.Start(t)
	fresh := dial(t, redis.URL())
	if n, err := fresh.Do(ctx, fresh.B().Exists().Key("k").Build()).AsInt64(); err != nil || n != 0 {
		t.Errorf("the key after a restart: %d, %v, want none", n, err)
	}
}

func TestFreePortCanBeListenedOn(t *testing.T) {
	t.Parallel()
	addr := net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: testenv.FreePort(t)}
	l, err := net.ListenTCP("tcp", &addr)
	if err != nil {
		t.Fatal(err)
	}
	if addr.Port >= 29000 {
		t.Errorf("port %d belongs to the product or to outgoing connections", addr.Port)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
