package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PG is a PostgreSQL database that belongs to one test.
type PG struct {
	url  string
	name string
	kept *session // for Exec; nil if each statement has a connection of its own
}

// Postgres creates an empty database on the shared server and drops it, with
// all connections to it, when the test ends. Roles are common to the whole
// server: make them with [PG.Role].
func Postgres(t testing.TB) *PG {
	t.Helper()
	server := shared(t, DatabaseURLVariable)
	return create(t, server)
}

// PostgresFrom is [Postgres] with the statements of SQL files already executed,
// in the order given.
func PostgresFrom(t testing.TB, files ...string) *PG {
	t.Helper()
	pg := Postgres(t)
	pg.Load(t, files...)
	return pg
}

// emptyTemplate is PostgreSQL's own, which unlike template1 never has a connection
// that is in the way.
const emptyTemplate = "template0"

func create(t testing.TB, server string) *PG {
	t.Helper()
	return createFrom(t, server, emptyTemplate)
}

// createFrom copies a database for a test.
func createFrom(t testing.TB, server, template string) *PG {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	pg, err := newDatabase(ctx, server, template)
	if err != nil {
		t.Fatalf("create a database on the server of %s: %v", DatabaseURLVariable, err)
	}
	if isShared(server) {
		pg.kept = &session{url: pg.url}
	}
	t.Cleanup(func() {
		if pg.kept != nil {
			ctx, cancel := bounded()
			defer cancel()
			pg.kept.close(ctx)
		}
		if err := drop(server, pg.name); err != nil {
			t.Errorf("drop the test's database %s: %v", pg.name, err)
		}
	})
	return pg
}

// newDatabase copies a database that nobody is connected to. It has the files
// copied: to write each page to the log instead, as PostgreSQL 15 and later do by
// themselves, takes twice the time here, and every replication slot of the server
// would read all of it.
func newDatabase(ctx context.Context, server, template string) (*PG, error) {
	name := unique("test")
	u, err := withDatabase(server, name)
	if err != nil {
		return nil, err
	}
	err = administer(ctx, server, func(conn *pgx.Conn) error {
		sql := "CREATE DATABASE " + name + " TEMPLATE " + template
		var version int
		if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
			return err
		}
		if version >= 150000 {
			sql += " STRATEGY file_copy"
		}
		_, err := conn.Exec(ctx, sql)
		return err
	})
	return &PG{url: u, name: name}, err
}

// endOthers ends every connection to a database and waits for each.
const endOthers = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1"

// drop first ends all connections and waits for them: a replication slot in
// use by one would keep the database alive, whatever FORCE says.
func drop(server, name string) error {
	ctx, cancel := bounded()
	defer cancel()
	return administer(ctx, server, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, endOthers, name); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return err
	})
}

// URL is what a client connects with, as the superuser.
func (p *PG) URL() string { return p.url }

// Name is the database's name. No other test has it, so it serves as the first
// part of other names that are common to a server.
func (p *PG) Name() string { return p.name }

// Exec executes SQL, one statement or several, as the superuser, and fails the
// test when it cannot.
func (p *PG) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	if err := p.execute(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

// Load executes the statements of SQL files, in the order given.
func (p *PG) Load(t testing.TB, files ...string) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	for _, name := range files {
		sql, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.execute(ctx, string(sql)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// Role creates a role that may log in and has no right of its own, and returns
// its name, for GRANT, and the URL to connect as it. It is dropped, with what
// it owns in this database, when the test ends.
func (p *PG) Role(t testing.TB) (name, url string) {
	t.Helper()
	name = unique("role")
	url, err := withUser(p.url, name)
	if err != nil {
		t.Fatal(err)
	}
	p.Exec(t, "CREATE ROLE "+name+" LOGIN PASSWORD 'test'")
	t.Cleanup(func() {
		ctx, cancel := bounded()
		defer cancel()
		if err := p.execute(ctx, "DROP OWNED BY "+name+"; DROP ROLE "+name); err != nil {
			t.Errorf("drop the test's role %s: %v", name, err)
		}
	})
	return name, url
}

// execute runs SQL, in one implicit transaction when it is several statements.
func (p *PG) execute(ctx context.Context, sql string) error {
	return p.as(ctx, func(conn *pgx.Conn) error {
		_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		return err
	})
}

// unique returns a name that needs no quotes and that nobody else has.
func unique(kind string) string {
	return kind + "_" + strings.ToLower(rand.Text()[:16])
}

func withDatabase(server, name string) (string, error) {
	u, err := parseURL(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func withUser(database, name string) (string, error) {
	u, err := parseURL(database)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(name, "test")
	return u.String(), nil
}

// parseURL leaves the text out of its error, for it may hold a password.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return nil, fmt.Errorf("%s must be of the form postgres://user:password@host:port/database", DatabaseURLVariable)
	}
	return u, nil
}
