package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// A column of the website as the catalog describes it.
type column struct {
	name       string
	typ        string // pg_type.typname; of the base type for a domain
	length     int    // of varchar(n) and char(n), else 0
	array      bool
	generated  bool // computed by the database, which takes no value for it
	hasDefault bool // a default, an identity or a generated value
	required   bool // not null and without one of those
	mayRead    bool
	mayUpdate  bool
	mayInsert  bool
	sequence   string // sequence of the default that the role may not use, quoted; else empty
}

// A table (or view) of the website.
type table struct {
	schema, name string
	mayUse       bool // the role has USAGE on the schema
	mayDelete    bool
	columns      map[string]column
	rules        rules
	fields       map[string]column // the columns that are used, by better-auth's names
}

// sql returns the quoted, schema-qualified name.
func (t *table) sql() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

// column returns a column by better-auth's own name.
func (t *table) column(camel string) (column, bool) {
	c, ok := t.fields[camel]
	return c, ok
}

// resolve finds the columns of a model and returns those that are needed and
// not there.
func (t *table) resolve(names siteschema.Names, m siteschema.Model) (found map[string]string, missing []siteschema.Field) {
	return names.Resolve(m, func(name string) bool {
		_, ok := t.columns[name]
		return ok
	})
}

// catalog is the visible part of the website's schemas.
type catalog struct {
	schemas []string // where to look, in order
	role    string
	tables  []*table
}

// find returns the table that holds most of a model's columns. Among equals
// the order of the search path decides, then that of the names. Nil when there
// is no such table.
func (c *catalog) find(names siteschema.Names, m siteschema.Model) *table {
	var best *table
	most := -1
	for _, schema := range c.schemas {
		for _, name := range names.Tables(m) {
			i := slices.IndexFunc(c.tables, func(t *table) bool { return t.schema == schema && t.name == name })
			if i < 0 {
				continue
			}
			if found, _ := c.tables[i].resolve(names, m); len(found) > most {
				best, most = c.tables[i], len(found)
			}
		}
	}
	return best
}

// alike returns the tables that have all columns of a model.
func (c *catalog) alike(names siteschema.Names, m siteschema.Model) (all []string) {
	for _, t := range c.tables {
		if _, missing := t.resolve(names, m); len(missing) == 0 {
			all = append(all, t.name)
		}
	}
	return all
}

// readCatalog reads pg_catalog, which needs no grants: so tables that the role
// may not use are found too, and can be named. If names is empty, it reads
// every table.
func readCatalog(ctx context.Context, pool *pgxpool.Pool, schema string, names []string) (*catalog, error) {
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
	rows, err := pool.Query(ctx, `
SELECT n.nspname::text, c.relname::text, has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'DELETE'),
       a.attname::text, b.typname::text, CASE WHEN b.typname IN ('varchar', 'bpchar') AND b.typmod > 4 THEN b.typmod - 4 ELSE 0 END,
       b.typcategory = 'A', a.attgenerated <> '', a.atthasdef OR a.attidentity <> '',
       (a.attnotnull OR b.needed) AND NOT a.atthasdef AND a.attidentity = '',
       has_column_privilege(c.oid, a.attnum, 'SELECT'), has_column_privilege(c.oid, a.attnum, 'UPDATE'),
       has_column_privilege(c.oid, a.attnum, 'INSERT'),
       COALESCE((SELECT format('%I.%I', sn.nspname, s.relname)
           FROM pg_attrdef d
           JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
           JOIN pg_class s ON s.oid = p.refobjid
           JOIN pg_namespace sn ON sn.oid = s.relnamespace
           WHERE d.adrelid = c.oid AND d.adnum = a.attnum
             AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END LIMIT 1), '')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL (
    WITH RECURSIVE d (oid, typmod, needed) AS (
        SELECT a.atttypid, a.atttypmod, false
        UNION ALL
        SELECT t.typbasetype, CASE d.typmod WHEN -1 THEN t.typtypmod ELSE d.typmod END, d.needed OR t.typnotnull
        FROM d JOIN pg_type t ON t.oid = d.oid AND t.typtype = 'd'
    )
    SELECT t.typname, t.typcategory, d.typmod, d.needed FROM d JOIN pg_type t ON t.oid = d.oid AND t.typtype <> 'd'
) b
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY($1)
  AND (c.relname = ANY($2) OR cardinality($2::text[]) = 0)
ORDER BY c.oid, a.attnum`, c.schemas, names)
	if err != nil {
		return nil, translate(ctx, "read the catalog", err)
	}
	defer rows.Close()
	for rows.Next() {
		t := &table{columns: map[string]column{}}
		var col column
		err := rows.Scan(&t.schema, &t.name, &t.mayUse, &t.mayDelete, &col.name, &col.typ, &col.length, &col.array, &col.generated, &col.hasDefault, &col.required,
			&col.mayRead, &col.mayUpdate, &col.mayInsert, &col.sequence)
		if err != nil {
			return nil, translate(ctx, "read the catalog", err)
		}
		if last := len(c.tables) - 1; last >= 0 && c.tables[last].schema == t.schema && c.tables[last].name == t.name {
			t = c.tables[last]
		} else {
			c.tables = append(c.tables, t)
		}
		t.columns[col.name] = col
	}
	return c, translate(ctx, "read the catalog", rows.Err())
}

// where returns a text that says where tables were looked for.
func (c *catalog) where() string {
	switch len(c.schemas) {
	case 0:
		return "in any schema: the role's search path holds none that it may use"
	case 1:
		return fmt.Sprintf("in schema %q", c.schemas[0])
	}
	return fmt.Sprintf("in the schemas %q", c.schemas)
}
