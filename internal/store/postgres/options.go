package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// option is something that the store does only if the website's owner grants
// it.
type option struct {
	name   string
	lacks  []string // what is missing and cannot be granted
	grants []string // what the role lacks
}

func (o *option) on() bool { return len(o.lacks) == 0 && len(o.grants) == 0 }

// detail says whether it is on, and if not, what helps.
func (o *option) detail() string {
	switch {
	case o.on():
		return "granted"
	case len(o.lacks) > 0:
		return "off; " + strings.Join(o.lacks, "; ")
	}
	return "off; it needs " + strings.Join(o.grants, "; ")
}

func (w *website) options() []*option {
	return []*option{&w.passwordsSeen, &w.credentials, &w.sessionMaking, &w.sessionEnding, &w.oneTimeTokens}
}

// findOptions decides by columns and grants which options are on.
func (w *website) findOptions(role string) {
	to := " TO " + quote(role)
	w.passwordsSeen = option{name: "noticing changed passwords"}
	w.passwordsSeen.needs(w.account, []string{"updatedAt"}, typesOf(siteschema.Time)...)
	w.passwordsSeen.reads(w.account, to, "id", "userId", "providerId", "updatedAt")

	w.credentials = option{name: "reading password hashes"}
	w.credentials.needs(w.account, []string{"accountId"}, "text", "varchar", "bpchar", "uuid", "int4", "int8")
	w.credentials.needs(w.account, []string{"password"}, "text", "varchar", "bpchar")
	w.credentials.reads(w.account, to, "userId", "providerId", "accountId", "password")
	if c, ok := w.user.column("twoFactorEnabled"); ok {
		if c.typ != "bool" {
			w.credentials.lacks = append(w.credentials.lacks, fmt.Sprintf("column %q of %s is of type %s, not bool", c.name, w.user.sql(), c.typ))
		}
		w.credentials.reads(w.user, to, "twoFactorEnabled")
	}

	w.sessionMaking = option{name: "making sessions"}
	w.sessionMaking.inserts(w.session, to, w.insertedColumns())
	w.sessionMaking.sizes(w.session, map[string]int{"token": tokenLength(w.token), "id": len(store.NewID())}, w.insertedColumns())
	if w.tokenType.family() != "text" {
		w.sessionMaking.lacks = append(w.sessionMaking.lacks, fmt.Sprintf("tokens of type %s hold no 32 letters and digits", w.tokenType))
	}
	if c := w.session.fields["ipAddress"]; c.address() && c.required {
		w.sessionMaking.lacks = append(w.sessionMaking.lacks, fmt.Sprintf("%s needs a value for %q, and a player may have no address", w.session.sql(), c.name))
	}
	if c := w.session.fields["id"]; !c.hasDefault && w.sessionID.family() == "integer" {
		w.sessionMaking.lacks = append(w.sessionMaking.lacks, fmt.Sprintf("%s numbers its rows and has no default for %q", w.session.sql(), c.name))
	}

	w.sessionEnding = option{name: "ending sessions"}
	w.sessionEnding.deletes(w.session, to)

	w.oneTimeTokens = option{name: "redeeming one-time tokens"}
	if w.verification == nil {
		w.oneTimeTokens.lacks = []string{"the website has no table \"verification\" with the columns identifier, value and expiresAt"}
		return
	}
	w.oneTimeTokens.needs(w.verification, []string{"identifier", "value"}, "text", "varchar", "bpchar")
	w.oneTimeTokens.needs(w.verification, []string{"expiresAt"}, typesOf(siteschema.Time)...)
	w.oneTimeTokens.reads(w.verification, to, "identifier", "value", "expiresAt")
	w.oneTimeTokens.deletes(w.verification, to)
}

// needs notes columns that do not exist or have none of the types.
func (o *option) needs(t *table, fields []string, types ...string) {
	for _, f := range fields {
		switch c, ok := t.column(f); {
		case !ok:
			o.lacks = append(o.lacks, fmt.Sprintf("%s has no column %q", t.sql(), f))
		case !slices.Contains(types, c.typ):
			o.lacks = append(o.lacks, t.mistyped(c, types))
		}
	}
}

// reads notes the grants to read columns.
func (o *option) reads(t *table, to string, fields ...string) {
	o.uses(t, to)
	o.columns(cmdSelect, t, to, fields, func(c column) bool { return c.mayRead })
	o.rows(cmdSelect, t, to)
}

// inserts notes the grants to insert rows, and columns that such a row lacks.
func (o *option) inserts(t *table, to string, fields []string) {
	o.uses(t, to)
	o.columns(cmdInsert, t, to, fields, func(c column) bool { return c.mayInsert })
	o.rows(cmdInsert, t, to)
	given := map[string]bool{}
	for _, f := range fields {
		given[t.fields[f].name] = true
	}
	var unknown []string
	for name, c := range t.columns {
		if !given[name] && c.required {
			unknown = append(unknown, quote(name))
		}
		if !given[name] && c.sequence != "" {
			o.grants = append(o.grants, "GRANT USAGE ON SEQUENCE "+c.sequence+to)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		o.lacks = append(o.lacks, fmt.Sprintf("%s needs a value for %s, for which there is no default", t.sql(), strings.Join(unknown, ", ")))
	}
	slices.Sort(o.grants)
}

// sizes notes columns that are too short for what is written.
func (o *option) sizes(t *table, least map[string]int, fields []string) {
	for _, f := range fields {
		c := t.fields[f]
		if n := least[f]; c.length > 0 && c.length < n && idType(c.typ).family() == "text" {
			o.lacks = append(o.lacks, fmt.Sprintf("column %q of %s takes %d characters, and %d are needed", c.name, t.sql(), c.length, n))
		}
		if c.generated {
			o.lacks = append(o.lacks, fmt.Sprintf("column %q of %s is generated and takes no value", c.name, t.sql()))
		}
	}
}

// deletes notes the grant to delete rows.
func (o *option) deletes(t *table, to string) {
	o.uses(t, to)
	if !t.mayDelete {
		o.grants = append(o.grants, "GRANT DELETE ON "+t.sql()+to)
	}
	o.rows(cmdDelete, t, to)
}

// rows notes the policy that a command needs under row-level security.
func (o *option) rows(cmd string, t *table, to string) {
	if mend := t.mend(cmd, strings.TrimPrefix(to, " TO ")); t.rules.blocks(cmd) && !slices.Contains(o.grants, mend) {
		o.grants = append(o.grants, mend)
	}
}

// uses notes the grant of USAGE on the schema.
func (o *option) uses(t *table, to string) {
	if grant := "GRANT USAGE ON SCHEMA " + quote(t.schema) + to; !t.mayUse && !slices.Contains(o.grants, grant) {
		o.grants = append(o.grants, grant)
	}
}

func (o *option) columns(right string, t *table, to string, fields []string, may func(column) bool) {
	var lacking []string
	for _, f := range fields {
		if c, ok := t.column(f); ok && !may(c) {
			lacking = append(lacking, quote(c.name))
		}
	}
	if len(lacking) > 0 {
		o.grants = append(o.grants, fmt.Sprintf("GRANT %s (%s) ON %s%s", right, strings.Join(lacking, ", "), t.sql(), to))
	}
}
