package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The commands that a policy of row-level security is for.
const (
	cmdSelect = "SELECT"
	cmdInsert = "INSERT"
	cmdUpdate = "UPDATE"
	cmdDelete = "DELETE"
)

// policy is a policy of row-level security that applies to the role.
type policy struct {
	permissive bool
	cmd        string // one of the above, or ALL
	rows       bool   // its USING lets every row through
	values     bool   // its WITH CHECK, or else its USING, lets every row through
}

// rules say which rows of a table the role can see and write.
type rules struct {
	kind     string // pg_class.relkind
	parent   string // of a partition, else empty
	leaves   bool   // a view that may leave rows out
	active   bool   // row-level security applies to the role
	policies []policy
}

// blocks reports whether row-level security keeps rows from a command.
func (r *rules) blocks(cmd string) bool {
	return r.active && (r.narrowed(cmd) || !slices.ContainsFunc(r.policies, func(p policy) bool { return p.permissive && p.lets(cmd) }))
}

// narrowed reports whether a restrictive policy keeps rows from a command. No
// other policy can change that.
func (r *rules) narrowed(cmd string) bool {
	return slices.ContainsFunc(r.policies, func(p policy) bool { return !p.permissive && p.is(cmd) && !p.lets(cmd) })
}

func (p policy) is(cmd string) bool { return p.cmd == "ALL" || p.cmd == cmd }

func (p policy) lets(cmd string) bool {
	if !p.is(cmd) {
		return false
	}
	switch cmd {
	case cmdInsert:
		return p.values
	case cmdUpdate:
		return p.rows && p.values
	}
	return p.rows
}

// readRules reads the rules of the tables, which needs no grants.
func readRules(ctx context.Context, pool *pgxpool.Pool, tables []*table) error {
	byName := map[string]*table{}
	var schemas, names []string
	for _, t := range tables {
		if t != nil {
			t.rules = rules{}
			byName[t.schema+"\x00"+t.name] = t
			schemas, names = append(schemas, t.schema), append(names, t.name)
		}
	}
	rows, err := pool.Query(ctx, `
SELECT n.nspname::text, c.relname::text, c.relkind::text, row_security_active(c.oid),
       COALESCE((SELECT format('%I.%I', pn.nspname, pc.relname) FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent
           JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = c.oid AND c.relispartition LIMIT 1), ''),
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ~* '\m(WHERE|JOIN|LIMIT|OFFSET|FETCH|DISTINCT|GROUP|HAVING|INTERSECT|EXCEPT|TABLESAMPLE)\M' ELSE false END,
       COALESCE(p.polpermissive, false),
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' WHEN '*' THEN 'ALL' ELSE '' END,
       COALESCE(pg_get_expr(p.polqual, p.polrelid), CASE WHEN p.polpermissive THEN '' ELSE 'true' END) = 'true',
       COALESCE(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid), CASE WHEN p.polpermissive THEN '' ELSE 'true' END) = 'true'
FROM unnest($1::text[], $2::text[]) AS t (s, r)
JOIN pg_namespace n ON n.nspname = t.s
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.r
LEFT JOIN pg_policy p ON p.polrelid = c.oid
     AND EXISTS (SELECT 1 FROM unnest(p.polroles) m WHERE CASE m WHEN 0 THEN true ELSE pg_has_role(m, 'USAGE') END)
ORDER BY c.oid, p.polname`, schemas, names)
	if err != nil {
		return translate(ctx, "read the policies", err)
	}
	defer rows.Close()
	for rows.Next() {
		var schema, name string
		var r rules
		var p policy
		if err := rows.Scan(&schema, &name, &r.kind, &r.active, &r.parent, &r.leaves, &p.permissive, &p.cmd, &p.rows, &p.values); err != nil {
			return translate(ctx, "read the policies", err)
		}
		t := byName[schema+"\x00"+name]
		r.policies = t.rules.policies
		if p.cmd != "" {
			r.policies = append(r.policies, p)
		}
		t.rules = r
	}
	return translate(ctx, "read the policies", rows.Err())
}

// mend returns a text with the statement that lets a role use every row for a
// command, and who has to run it.
func (t *table) mend(cmd, role string) (statement string) {
	if t.rules.narrowed(cmd) {
		return "ALTER ROLE " + role + " BYPASSRLS"
	}
	clause := map[string]string{
		cmdSelect: "USING (true)", cmdDelete: "USING (true)", cmdInsert: "WITH CHECK (true)", cmdUpdate: "USING (true) WITH CHECK (true)",
	}[cmd]
	return fmt.Sprintf("CREATE POLICY waystone_%s ON %s FOR %s TO %s %s", strings.ToLower(cmd), t.sql(), cmd, role, clause)
}

// mendHelp returns a sentence with mend and the alternative.
func (t *table) mendHelp(cmd, role string) string {
	if t.rules.narrowed(cmd) {
		return "a restrictive policy narrows it: as a superuser " + t.mend(cmd, role)
	}
	return fmt.Sprintf("as the owner of the table %s, or as a superuser ALTER ROLE %s BYPASSRLS", t.mend(cmd, role), role)
}

// reads reports whether a column that is used may be read.
func (t *table) reads() bool {
	for _, c := range t.fields {
		if c.mayRead {
			return true
		}
	}
	return false
}

// hidden returns a text that rows are hidden from the role and what repairs it;
// "" if none are.
func (t *table) hidden(role string) string {
	if !t.rules.blocks(cmdSelect) || !t.reads() {
		return ""
	}
	return fmt.Sprintf("row-level security hides rows of %s from the role %s, which would count as gone: %s", t.sql(), role, t.mendHelp(cmdSelect, role))
}

// doubt returns why a table may show fewer rows than there are, and what helps;
// "" if it shows all.
func (t *table) doubt(model, setting string) string {
	help := fmt.Sprintf("to have characters of users who are gone marked, name the table itself in %s=%s=NAME", setting, model)
	switch r := t.rules; {
	case r.parent != "":
		return fmt.Sprintf("%s is one partition of %s: %s", t.sql(), r.parent, help)
	case r.kind == "m":
		return fmt.Sprintf("%s is a materialized view, which is as old as its last refresh: %s", t.sql(), help)
	case r.kind == "f":
		return fmt.Sprintf("%s is a foreign table, whose server may hide rows: %s", t.sql(), help)
	case r.leaves:
		return fmt.Sprintf("%s is a view that may leave rows out: %s", t.sql(), help)
	}
	return ""
}
