package docgen_test

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // reads the catalog of the migrated file

	"github.com/waystone-mmo/waystone/internal/app"
	"github.com/waystone-mmo/waystone/internal/docgen"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

var update = flag.Bool("update", false, "rewrite the documents instead of comparing them")

// fresh compares a committed document with what it should be.
func fresh(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil { //nolint:gosec // a public document
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run make gen", err)
	}
	if d := cmp.Diff(string(got), string(want)); d != "" {
		t.Errorf("docs/%s is stale, run make gen (-committed +fresh):\n%s", name, d)
	}
}

func TestDocsFresh(t *testing.T) {
	t.Run("configuration", func(t *testing.T) {
		r := app.Registry()
		fresh(t, "configuration.md", docgen.Configuration(r.Settings(), r.SectionDocs()))
	})
	t.Run("packets", func(t *testing.T) {
		fresh(t, "packets.md", docgen.Packets(packets.Rows()))
	})
	t.Run("schema", func(t *testing.T) {
		tables, pg := postgresCatalog(t)
		fresh(t, "schema.md", docgen.Schema(tables, pg, sqliteCatalog(t)))
	})
}

// TestSchemasAgree: both engines have the same tables, columns, nullability
// and keys.
func TestSchemasAgree(t *testing.T) {
	_, pg := postgresCatalog(t)
	strip := func(cols []docgen.Column) []docgen.Column {
		var out []docgen.Column
		for _, c := range cols {
			out = append(out, docgen.Column{Table: strings.TrimPrefix(c.Table, "game_"), Name: c.Name, Nullable: c.Nullable, Key: c.Key})
		}
		sort.Slice(out, func(i, j int) bool { return out[i].Table+"."+out[i].Name < out[j].Table+"."+out[j].Name })
		return out
	}
	if d := cmp.Diff(strip(pg), strip(sqliteCatalog(t))); d != "" {
		t.Errorf("the engines' schemas differ (-PostgreSQL +SQLite):\n%s", d)
	}
}

func TestUsageIsASentence(t *testing.T) {
	for _, s := range app.Registry().Settings() {
		if err := config.CheckUsage(s.Usage); err != nil {
			t.Errorf("%s: %v", s.Env, err)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	r := app.Registry()
	if _, err := r.Load(nil, func(string) (string, bool) { return "", false }); err != nil {
		t.Error(err)
	}
}

const postgresColumns = `
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, coalesce(col_description(c.oid, a.attnum), ''),
       coalesce((SELECT min(CASE WHEN i.indisprimary THEN 'primary' ELSE 'unique' END)
                 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = 'game' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE '%version%' AND c.relname NOT LIKE '%migration%'
ORDER BY c.relname, a.attnum`

func postgresCatalog(t *testing.T) (tables map[string]string, cols []docgen.Column) {
	t.Helper()
	pg := testenv.Postgres(t)
	pg.Exec(t, betterauth.Read("postgres_schema.sql"))
	s, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := pgx.Connect(t.Context(), pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), postgresColumns)
	if err != nil {
		t.Fatal(err)
	}
	tables = map[string]string{}
	for rows.Next() {
		var c docgen.Column
		if err := rows.Scan(&c.Table, &c.Name, &c.Type, &c.Nullable, &c.Comment, &c.Key); err != nil {
			t.Fatal(err)
		}
		if c.Comment == "" {
			t.Errorf("game.%s.%s has no comment", c.Table, c.Name)
		}
		cols = append(cols, c)
		tables[c.Table] = ""
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range tables {
		var comment *string
		if err := conn.QueryRow(t.Context(), `SELECT obj_description(('game.' || quote_ident($1))::regclass)`, name).Scan(&comment); err != nil {
			t.Fatal(err)
		}
		if comment == nil {
			t.Errorf("game.%s has no comment", name)
			continue
		}
		tables[name] = *comment
	}
	return tables, cols
}

func sqliteCatalog(t *testing.T) []docgen.Column {
	t.Helper()
	path := filepath.Join(t.TempDir(), "schema.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `
SELECT m.name, p.name, lower(p.type), p."notnull" = 0 AND p.pk = 0,
       CASE WHEN p.pk = 1 AND (SELECT count(*) FROM pragma_table_info(m.name) q WHERE q.pk > 0) = 1 THEN 'primary'
            WHEN EXISTS (SELECT 1 FROM pragma_index_list(m.name) l WHERE l."unique" AND l.partial = 0
                         AND (SELECT count(*) FROM pragma_index_info(l.name)) = 1
                         AND (SELECT i.name FROM pragma_index_info(l.name) i) = p.name) THEN 'unique'
            ELSE '' END
FROM sqlite_master m JOIN pragma_table_info(m.name) p
WHERE m.type = 'table' AND m.name LIKE 'game\_%' ESCAPE '\' AND m.name NOT LIKE '%version%' AND m.name NOT LIKE '%migration%'
ORDER BY m.name, p.cid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var cols []docgen.Column
	for rows.Next() {
		var c docgen.Column
		if err := rows.Scan(&c.Table, &c.Name, &c.Type, &c.Nullable, &c.Key); err != nil {
			t.Fatal(err)
		}
		cols = append(cols, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cols
}
