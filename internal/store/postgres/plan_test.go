package postgres_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

// Whatever a statement returns beside the row, the row is found by an index.
func TestReadsOfSingleRowsUseTheirIndex(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	pg.Exec(t, `
INSERT INTO "user" (id, name, email, username, "emailVerified", "createdAt", "updatedAt")
SELECT 'u' || n, 'Name', 'u' || n || '@example.com', 'u' || n, true, now(), now() FROM generate_series(1, 5000) n;
INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
SELECT 's' || n, 't' || n, 'u' || n, now(), now(), now() FROM generate_series(1, 5000) n;
ANALYZE`)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	d := openSQL(t, pg.URL())
	for name, query := range s.Reads() {
		args := []any{"u77"}
		if strings.Contains(query, "$2") {
			args = append(args, "u77")
		}
		rows, err := d.QueryContext(t.Context(), "EXPLAIN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		plan := readAll(t, rows)
		if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index Scan") {
			t.Errorf("%s reads more than its row:\n%s", name, plan)
		}
	}
}

// readAll returns the lines of a result with one column of text.
func readAll(t testing.TB, rows *sql.Rows) string {
	t.Helper()
	var all strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all.WriteString(line + "\n")
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}
