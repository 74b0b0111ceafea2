package docgen

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Column is a column as an engine's catalog gives it.
type Column struct {
	Table, Name, Type string
	Nullable          bool
	Key               string // "primary" or "unique"; "" also for one of several in a key
	Comment           string
}

// ForeignKey is a reference that an engine enforces, of one column. Tables of
// ours have their prefix here.
type ForeignKey struct{ Table, Column, To, OnDelete string }

// Catalog is what a migrated database holds. Tables of ours have no prefix.
type Catalog struct {
	Ours, Website []Column
	Comments      map[string]string // of our tables
	ForeignKeys   []ForeignKey
	// Together are the columns that are unique together, by our table, each as
	// "a, b".
	Together map[string][]string
}

// link is a column that names a row of another table without a foreign key.
type link struct {
	table, column, to string
	ours              bool // the other table is ours
	optional          bool // the column may be empty
	means             string
}

// links are those of our tables. Columns that end in _id and are not here, and
// rows here without a column, are errors.
var links = []link{ //nolint:gochecknoglobals // a constant table
	{table: "account", column: "user_id", to: "user", means: "has a game password"},
	{table: "attempt", column: "user_id", to: "user", means: "is tried, and known, at"},
	{table: "character", column: "user_id", to: "user", means: "owns up to five"},
	{table: "play", column: "user_id", to: "user", means: "plays under"},
	{table: "ticket", column: "user_id", to: "user", means: "signs in once with"},
	{table: "play", column: "session_id", to: "session", optional: true, means: "is signed in by"},
	{table: "ticket", column: "session_id", to: "session", optional: true, means: "was made from"},
	{table: "play", column: "character_id", to: "character", ours: true, means: "is played"},
	{table: "play", column: "next_character_id", to: "character", ours: true, means: "is chosen"},
}

// entity is the name of a table of ours in the diagram.
func entity(table string) string { return "game_" + table }

// Schema renders the tables, the website's and ours: an ER diagram, and for
// each table its columns in both engines. Comments come from PostgreSQL.
func Schema(postgres, sqlite Catalog) ([]byte, error) {
	if err := checkLinks(postgres); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# Schema\n\n" + header)
	b.WriteString(`The tables that Waystone owns: schema ` + "`game` on PostgreSQL, prefix `game_`" + ` on
SQLite, drawn with that prefix. Beside them the website's, as better-auth makes
them: Waystone reads their rows, prolongs sessions, and never alters a table.

A line is a foreign key. A dashed line is a reference that no foreign key holds,
on purpose: one from our tables would make the website's own deletion of a user
fail ([decision 2](decisions/0002-read-the-websites-tables.md)), and between ours
a row may outlive what it names. Ids of the website are kept as text, whatever
their type there.

`)
	diagram(&b, postgres)
	b.WriteString("\n## Tables of Waystone\n")
	for _, table := range tables(postgres.Ours) {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", entity(table), postgres.Comments[table])
		if t := postgres.Together[table]; len(t) > 0 {
			fmt.Fprintf(&b, "\nUnique together: %s.\n", strings.Join(t, "; "))
		}
		b.WriteString("\n| column | PostgreSQL | SQLite | null | key | meaning |\n|---|---|---|---|---|---|\n")
		for _, c := range postgres.Ours {
			if c.Table == table {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.Name, c.Type, typeIn(sqlite.Ours, c), null(c), c.Key, c.Comment)
			}
		}
	}
	b.WriteString(`
## Tables of the website

As better-auth 1.7 makes them with e-mail and password and the plugins username
and admin. Other names, id types and further columns are found at start
([PostgreSQL](../internal/store/postgres/README.md),
[SQLite](../internal/store/sqlite/README.md)). Passwords and OAuth tokens in
` + "`account`" + ` are never read.
`)
	for _, table := range tables(postgres.Website) {
		fmt.Fprintf(&b, "\n### %s\n\n| column | PostgreSQL | SQLite | null | key |\n|---|---|---|---|---|\n", table)
		for _, c := range postgres.Website {
			if c.Table == table {
				key := c.Key
				if i := slices.IndexFunc(postgres.ForeignKeys, func(f ForeignKey) bool { return f.Table == table && f.Column == c.Name }); i >= 0 {
					f := postgres.ForeignKeys[i]
					key = strings.TrimSpace(fmt.Sprintf("%s of %s, on delete %s", key, f.To, f.OnDelete))
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Name, c.Type, typeIn(sqlite.Website, c), null(c), key)
			}
		}
	}
	return b.Bytes(), nil
}

// checkLinks holds the links to the columns that there are.
func checkLinks(c Catalog) error {
	ours := c.Ours
	var failed []error
	for _, l := range links {
		if !slices.ContainsFunc(ours, func(c Column) bool { return c.Table == l.table && c.Name == l.column }) {
			failed = append(failed, fmt.Errorf("there is no column %s.%s: links in schema.go names it", l.table, l.column))
		}
	}
	held := func(col Column) bool {
		return slices.ContainsFunc(c.ForeignKeys, func(f ForeignKey) bool { return f.Table == entity(col.Table) && f.Column == col.Name })
	}
	for _, c := range ours {
		if c.Name == c.Table+"_id" || held(c) {
			continue
		}
		if strings.HasSuffix(c.Name, "_id") && !slices.ContainsFunc(links, func(l link) bool { return l.table == c.Table && l.column == c.Name }) {
			failed = append(failed, fmt.Errorf("say in links of schema.go what %s.%s names", c.Table, c.Name))
		}
	}
	return errors.Join(failed...)
}

// diagram draws all tables.
func diagram(b *bytes.Buffer, c Catalog) {
	b.WriteString("```mermaid\nerDiagram\n")
	for _, f := range c.ForeignKeys {
		col := find(c.Website, f.Table, f.Column)
		if table, ok := strings.CutPrefix(f.Table, entity("")); ok {
			col = find(c.Ours, table, f.Column)
		}
		fmt.Fprintf(b, "  %s %s--%s %s : \"%s\"\n", f.To, one(col.Nullable), many(col), f.Table, f.Column)
	}
	for _, l := range links {
		col, to := find(c.Ours, l.table, l.column), l.to
		if l.ours {
			to = entity(to)
		}
		fmt.Fprintf(b, "  %s %s..%s %s : \"%s\"\n", to, one(col.Nullable || l.optional), many(col), entity(l.table), l.means)
	}
	draw := func(columns []Column, name func(string) string) {
		for _, table := range tables(columns) {
			fmt.Fprintf(b, "  %s {\n", name(table))
			for _, col := range columns {
				if col.Table != table {
					continue
				}
				key := map[string]string{"primary": " PK", "unique": " UK"}[col.Key]
				if key == "" && slices.ContainsFunc(c.ForeignKeys, func(f ForeignKey) bool {
					return name(table) == f.Table && f.Column == col.Name
				}) {
					key = " FK"
				}
				fmt.Fprintf(b, "    %s %s%s\n", strings.ReplaceAll(col.Type, " ", "_"), col.Name, key)
			}
			b.WriteString("  }\n")
		}
	}
	draw(c.Website, func(table string) string { return table })
	draw(c.Ours, entity)
	b.WriteString("```\n")
}

// one is the end of a line at the row that is named.
func one(optional bool) string {
	if optional {
		return "|o"
	}
	return "||"
}

// many is the end of a line at the rows that name it.
func many(c Column) string {
	if c.Key != "" {
		return "o|"
	}
	return "o{"
}

// tables returns the names of the tables in order.
func tables(columns []Column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Table)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func find(columns []Column, table, name string) Column {
	for _, c := range columns {
		if c.Table == table && c.Name == name {
			return c
		}
	}
	return Column{}
}

func typeIn(columns []Column, c Column) string { return find(columns, c.Table, c.Name).Type }

func null(c Column) string {
	if c.Nullable {
		return "yes"
	}
	return ""
}
