package testenv

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Template is a database on the shared server that is set up once in a process,
// by the first test that wants a copy. A copy takes what an empty database takes,
// without the tables, the migrations and the rows that each test would make.
type Template struct {
	setUp func(testing.TB, *PG)

	mu   sync.Mutex
	pg   *PG // nil before it is set up
	drop func()
}

// NewTemplate returns a template that setUp makes of an empty database. What setUp
// makes beside it has to outlive the test that it is called with: no role, no
// replication slot. The package's TestMain has to call Drop after the tests.
func NewTemplate(setUp func(testing.TB, *PG)) *Template { return &Template{setUp: setUp} }

// Copy is [Postgres] with what the template holds. Nothing that a test does to its
// copy is seen in another.
func (m *Template) Copy(t testing.TB) *PG {
	t.Helper()
	server := shared(t, DatabaseURLVariable)
	return createFrom(t, server, m.source(t, server))
}

// source returns the name of the template's database, which nobody is connected
// to: PostgreSQL copies no other.
func (m *Template) source(t testing.TB, server string) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pg != nil {
		return m.pg.name
	}
	ctx, cancel := bounded()
	defer cancel()
	pg, err := newDatabase(ctx, server, emptyTemplate)
	if err != nil {
		t.Fatalf("create a template: %v", err)
	}
	ready := false
	remove := func() error { return drop(server, pg.name) }
	defer func() {
		if ready {
			return
		}
		if err := remove(); err != nil {
			t.Errorf("drop the template %s: %v", pg.name, err)
		}
	}()
	m.setUp(t, pg)
	err = administer(ctx, server, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, endOthers, pg.name)
		return err
	})
	if err != nil {
		t.Fatalf("end the connections to a template: %v", err)
	}
	ready = true
	m.pg, m.drop = pg, func() { _ = remove() }
	return pg.name
}

// Drop drops the template's database, if there is one. After it, Copy makes
// another.
func (m *Template) Drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pg != nil {
		m.drop()
		m.pg, m.drop = nil, nil
	}
}
