package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A column of the website as the catalog describes it.
type column struct {
	name       string
	typ        string // pg_type.typname; of the base type for a domain
	hasDefault bool   // a default, an identity or a generated value
	mayRead    bool
	mayUpdate  bool
}

// A table (or view) of the website.
type table struct {
	schema, name string
	columns      map[string]column
}

// sql returns the quoted, schema-qualified name.
func (t *table) sql() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

// column finds a column by better-auth's own name or by the same name in
// snake case.
func (t *table) column(camel string) (column, bool) {
	if c, ok := t.columns[camel]; ok {
		return c, true
	}
	c, ok := t.columns[snake(camel)]
	return c, ok
}

// has counts how many of the columns are there.
func (t *table) has(camel []string) (n int) {
	for _, name := range camel {
		if _, ok := t.column(name); ok {
			n++
		}
	}
	return n
}

// snake turns emailVerified into email_verified.
func snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// catalog is what of the website's schemas is visible.
type catalog struct {
	schemas []string // where to look, in order
	role    string
	tables  []*table
}

// tableNames are the names that a table of better-auth goes by.
func tableNames(singular string) []string { return []string{singular, singular + "s"} }

// find returns the table that holds most of the columns. Among equals the
// order of the search path decides, then the singular name. Nil when there is
// no such table.
func (c *catalog) find(singular string, columns []string) *table {
	var best *table
	for _, schema := range c.schemas {
		for _, name := range tableNames(singular) {
			i := slices.IndexFunc(c.tables, func(t *table) bool { return t.schema == schema && t.name == name })
			if i >= 0 && (best == nil || c.tables[i].has(columns) > best.has(columns)) {
				best = c.tables[i]
			}
		}
	}
	return best
}

// readCatalog reads pg_catalog, which needs no grants: what the role may not
// use is found too, and can be named.
func readCatalog(ctx context.Context, pool *pgxpool.Pool, schema string) (*catalog, error) {
	c := &catalog{}
	err := pool.QueryRow(ctx, `SELECT current_schemas(false)::text[], current_user::text`).Scan(&c.schemas, &c.role)
	if err != nil {
		return nil, translate(ctx, "read the search path", err)
	}
	if schema != "" {
		c.schemas = []string{schema}
	}
	// Our own tables have names that look like the website's.
	c.schemas = slices.DeleteFunc(c.schemas, func(s string) bool { return s == "game" })
	var names []string
	for _, singular := range []string{"user", "session", "account"} {
		names = append(names, tableNames(singular)...)
	}
	rows, err := pool.Query(ctx, `
SELECT n.nspname::text, c.relname::text, a.attname::text, COALESCE(b.typname, t.typname)::text,
       a.atthasdef OR a.attidentity <> '',
       has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'),
       has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'UPDATE')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY($1) AND c.relname = ANY($2)
ORDER BY c.oid, a.attnum`, c.schemas, names)
	if err != nil {
		return nil, translate(ctx, "read the catalog", err)
	}
	defer rows.Close()
	for rows.Next() {
		var schema, name string
		var col column
		if err := rows.Scan(&schema, &name, &col.name, &col.typ, &col.hasDefault, &col.mayRead, &col.mayUpdate); err != nil {
			return nil, translate(ctx, "read the catalog", err)
		}
		last := len(c.tables) - 1
		if last < 0 || c.tables[last].schema != schema || c.tables[last].name != name {
			c.tables = append(c.tables, &table{schema: schema, name: name, columns: map[string]column{}})
			last++
		}
		c.tables[last].columns[col.name] = col
	}
	return c, translate(ctx, "read the catalog", rows.Err())
}

// where says in words where a table was looked for.
func (c *catalog) where() string {
	switch len(c.schemas) {
	case 0:
		return "in any schema: the role's search path holds none that it may use"
	case 1:
		return fmt.Sprintf("in schema %q", c.schemas[0])
	}
	return fmt.Sprintf("in the schemas %q", c.schemas)
}
