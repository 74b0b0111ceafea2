package docgen_test

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // reads the catalog of the migrated file

	"github.com/waystone-mmo/waystone/internal/app"
	"github.com/waystone-mmo/waystone/internal/docgen"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
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
	t.Run("commands", func(t *testing.T) {
		fresh(t, "cli.md", docgen.Commands(app.Commands()))
	})
	t.Run("packets", func(t *testing.T) {
		fresh(t, "packets.md", docgen.Packets(packets.Rows(), effect))
	})
	t.Run("schema", func(t *testing.T) {
		page, err := docgen.Schema(postgresCatalog(t), sqliteCatalog(t))
		if err != nil {
			t.Fatal(err)
		}
		fresh(t, "schema.md", page)
	})
}

// effect is what the gateway does with a packet of the client.
func effect(stage packets.Stage, command uint16) docgen.Effect {
	for _, e := range packet.Effects() {
		if e.Stage == stage && e.Command == command {
			return docgen.Effect{States: e.States, Does: e.Does}
		}
	}
	return docgen.Effect{}
}

// TestSchemasAgree: both engines have the same tables, columns, nullability
// and keys, ours and the website's.
func TestSchemasAgree(t *testing.T) {
	strip := func(cols []docgen.Column) []docgen.Column {
		var out []docgen.Column
		for _, c := range cols {
			out = append(out, docgen.Column{Table: c.Table, Name: c.Name, Nullable: c.Nullable, Key: c.Key})
		}
		sort.Slice(out, func(i, j int) bool { return out[i].Table+"."+out[i].Name < out[j].Table+"."+out[j].Name })
		return out
	}
	shape := func(c docgen.Catalog) docgen.Catalog {
		return docgen.Catalog{Ours: strip(c.Ours), Website: strip(c.Website), ForeignKeys: c.ForeignKeys, Together: c.Together}
	}
	if d := cmp.Diff(shape(postgresCatalog(t)), shape(sqliteCatalog(t))); d != "" {
		t.Errorf("the engines' schemas differ (-PostgreSQL +SQLite):\n%s", d)
	}
}

// TestAReferenceIsExplained: a column that names another table's row must be
// drawn, and what is drawn must be there.
func TestAReferenceIsExplained(t *testing.T) {
	_, err := docgen.Schema(docgen.Catalog{Ours: []docgen.Column{{Table: "item", Name: "owner_id"}}}, docgen.Catalog{})
	for _, want := range []string{"item.owner_id", "no column play.user_id"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
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
	if err := r.Load(nil, nil); err != nil {
		t.Error(err)
	}
}

// readAll hands each row of a query to scan.
func readAll(t *testing.T, db *sql.DB, query string, scan func(row func(...any) error) error, args ...any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

const postgresColumns = `
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, coalesce(col_description(c.oid, a.attnum), ''),
       coalesce((SELECT min(CASE WHEN i.indisprimary THEN 'primary' ELSE 'unique' END)
                 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE '%version%' AND c.relname NOT LIKE '%migration%'
ORDER BY c.relname, a.attnum`

const postgresForeignKeys = `
SELECT CASE c.relnamespace::regnamespace::text WHEN 'game' THEN 'game_' ELSE '' END || c.relname, a.attname,
       CASE r.relnamespace::regnamespace::text WHEN 'game' THEN 'game_' ELSE '' END || r.relname,
       CASE k.confdeltype WHEN 'c' THEN 'cascade' ELSE 'other' END
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' ORDER BY 1, 2`

const postgresTogether = `
SELECT c.relname, (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' ORDER BY n)
                   FROM generate_series(1, i.indnkeyatts) n)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'game'::regnamespace AND i.indisunique AND NOT i.indisreplident AND i.indnkeyatts > 1 ORDER BY 1, 2`

func postgresCatalog(t *testing.T) docgen.Catalog {
	t.Helper()
	pg := testenv.Postgres(t)
	pg.Exec(t, betterauth.Read("postgres_schema.sql"))
	s, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg, err := pgx.ParseConfig(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	columns := func(schema string) (list []docgen.Column) {
		readAll(t, db, postgresColumns, func(row func(...any) error) error {
			var c docgen.Column
			err := row(&c.Table, &c.Name, &c.Type, &c.Nullable, &c.Comment, &c.Key)
			list = append(list, c)
			return err
		}, schema)
		return list
	}
	c := docgen.Catalog{Ours: columns("game"), Website: columns("public"), Comments: map[string]string{}, Together: map[string][]string{}}
	for _, col := range c.Ours {
		if col.Comment == "" {
			t.Errorf("game.%s.%s has no comment", col.Table, col.Name)
		}
	}
	readAll(t, db, `SELECT relname, coalesce(obj_description(oid), '') FROM pg_class WHERE relnamespace = 'game'::regnamespace AND relkind = 'r'`,
		func(row func(...any) error) error {
			var name, comment string
			err := row(&name, &comment)
			if c.Comments[name] = comment; comment == "" {
				t.Errorf("game.%s has no comment", name)
			}
			return err
		})
	readForeignKeys(t, db, postgresForeignKeys, &c)
	readTogether(t, db, postgresTogether, &c)
	return c
}

func readForeignKeys(t *testing.T, db *sql.DB, query string, c *docgen.Catalog) {
	t.Helper()
	readAll(t, db, query, func(row func(...any) error) error {
		var f docgen.ForeignKey
		err := row(&f.Table, &f.Column, &f.To, &f.OnDelete)
		c.ForeignKeys = append(c.ForeignKeys, f)
		return err
	})
}

// coalesced is a column that is never null in an index.
var coalesced = regexp.MustCompile(`COALESCE\((\w+),[^)]*\)`)

func readTogether(t *testing.T, db *sql.DB, query string, c *docgen.Catalog) {
	t.Helper()
	readAll(t, db, query, func(row func(...any) error) error {
		var table, columns string
		err := row(&table, &columns)
		c.Together[table] = append(c.Together[table], coalesced.ReplaceAllString(columns, "$1"))
		return err
	})
}

const sqliteColumns = `
SELECT m.name, p.name, lower(p.type), p."notnull" = 0 AND p.pk = 0,
       CASE WHEN p.pk = 1 AND (SELECT count(*) FROM pragma_table_info(m.name) q WHERE q.pk > 0) = 1 THEN 'primary'
            WHEN EXISTS (SELECT 1 FROM pragma_index_list(m.name) l WHERE l."unique" AND l.partial = 0
                         AND (SELECT count(*) FROM pragma_index_info(l.name)) = 1
                         AND (SELECT i.name FROM pragma_index_info(l.name) i) = p.name) THEN 'unique'
            ELSE '' END
FROM sqlite_master m JOIN pragma_table_info(m.name) p
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '%version%' AND m.name NOT LIKE '%migration%'
ORDER BY m.name, p.cid`

const sqliteForeignKeys = `
SELECT m.name, f."from", f."table", lower(f.on_delete)
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2`

const sqliteTogether = `
SELECT substr(m.name, 6), coalesce(
	(SELECT substr(sql, instr(sql, '(') + 1, length(sql) - instr(sql, '(') - 1) FROM sqlite_master WHERE type = 'index' AND name = l.name AND sql LIKE '%COALESCE(%'),
	(SELECT group_concat(name, ', ') FROM (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno)))
FROM sqlite_master m JOIN pragma_index_list(m.name) l
WHERE m.type = 'table' AND m.name LIKE 'game\_%' ESCAPE '\' AND l."unique" AND (SELECT count(*) FROM pragma_index_info(l.name)) > 1
ORDER BY 1, 2`

func sqliteCatalog(t *testing.T) docgen.Catalog {
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
	c := docgen.Catalog{Together: map[string][]string{}}
	readAll(t, db, sqliteColumns, func(row func(...any) error) error {
		var col docgen.Column
		err := row(&col.Table, &col.Name, &col.Type, &col.Nullable, &col.Key)
		if name, ours := strings.CutPrefix(col.Table, "game_"); ours {
			col.Table = name
			c.Ours = append(c.Ours, col)
		} else {
			c.Website = append(c.Website, col)
		}
		return err
	})
	readForeignKeys(t, db, sqliteForeignKeys, &c)
	readTogether(t, db, sqliteTogether, &c)
	return c
}
