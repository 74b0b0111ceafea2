package testenv_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// ask returns the single value of a query.
func ask[T any](t *testing.T, url, query string, args ...any) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var v T
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestPostgresIsFreshAndDropped(t *testing.T) {
	t.Parallel()
	other := testenv.Postgres(t)
	var name string
	var left *pgx.Conn
	t.Run("inner", func(t *testing.T) {
		pg := testenv.Postgres(t)
		name = pg.Name()
		pg.Exec(t, "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (2)")
		if got := ask[int](t, pg.URL(), "SELECT count(*) FROM a"); got != 2 {
			t.Errorf("%d rows, want 2", got)
		}
		if ask[bool](t, other.URL(), "SELECT to_regclass('a') IS NOT NULL") {
			t.Error("the table shows in another test's database")
		}
		// Neither a forgotten connection nor a slot in use may keep the database.
		var err error
		if left, err = pgx.Connect(t.Context(), pg.URL()+"&replication=database"); err != nil {
			t.Fatal(err)
		}
		if _, err = left.PgConn().Exec(t.Context(), "CREATE_REPLICATION_SLOT "+name+" TEMPORARY LOGICAL pgoutput").ReadAll(); err != nil {
			t.Fatal(err)
		}
	})
	if ask[bool](t, other.URL(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name) {
		t.Errorf("database %s outlived its test", name)
	}
	if err := left.Close(t.Context()); err != nil {
		t.Log("closing the connection that was cut:", err)
	}
}

func TestPostgresInParallel(t *testing.T) {
	t.Parallel()
	const n = 8
	names := make(chan string, n)
	t.Run("group", func(t *testing.T) {
		for range n {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				names <- testenv.Postgres(t).Name()
			})
		}
	})
	close(names)
	seen := map[string]bool{}
	for name := range names {
		if seen[name] {
			t.Errorf("two tests got %s", name)
		}
		seen[name] = true
	}
}

func TestPostgresFromLoadsFilesInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, sql string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pg := testenv.PostgresFrom(t,
		write("schema.sql", "CREATE TABLE \"user\" (id text); -- two statements\nCREATE TABLE note (text text);"),
		write("rows.sql", "INSERT INTO note VALUES ('a;b'), ($$c$$);"),
	)
	if got := ask[string](t, pg.URL(), "SELECT string_agg(text, '|' ORDER BY text) FROM note"); got != "a;b|c" {
		t.Errorf("notes %q", got)
	}
}

func TestRoleHasNoRightsUntilGranted(t *testing.T) {
	t.Parallel()
	other := testenv.Postgres(t)
	var role string
	t.Run("inner", func(t *testing.T) {
		pg := testenv.Postgres(t)
		pg.Exec(t, "CREATE TABLE a (id int)")
		name, url := pg.Role(t)
		role = name
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if _, err := conn.Exec(t.Context(), "SELECT * FROM a"); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("read without a grant: %v", err)
		}
		pg.Exec(t, "GRANT SELECT ON a TO "+name)
		if _, err := conn.Exec(t.Context(), "SELECT * FROM a"); err != nil {
			t.Errorf("read with a grant: %v", err)
		}
	})
	if ask[bool](t, other.URL(), "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role) {
		t.Errorf("role %s outlived its test", role)
	}
}

func TestPostgresCanDoWhatTestsNeed(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	for setting, want := range map[string]string{"wal_level": "logical", "server_encoding": "UTF8", "is_superuser": "on"} {
		if got := ask[string](t, pg.URL(), "SELECT current_setting($1)", setting); got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
}
