package postgres

import (
	"fmt"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// typesOf lists the types that a column of a kind may have; nil for any.
func typesOf(k siteschema.Kind) []string {
	switch k {
	case siteschema.Text: // any type is read as text
	case siteschema.ID:
		return []string{"text", "varchar", "bpchar", "uuid", "int2", "int4", "int8"}
	case siteschema.Bool:
		return []string{"bool"}
	case siteschema.Time:
		return []string{"timestamptz", "timestamp"}
	}
	return nil
}

// typesFor is typesOf for a field, some of which are compared and not only read.
func typesFor(m siteschema.Model, fd siteschema.Field) []string {
	switch m.Name + "." + fd.Name {
	case "session.token": // not citext, which would make several tokens equal
		return []string{"text", "varchar", "bpchar", "uuid"}
	case "user.username", "user.email":
		return []string{"text", "varchar", "bpchar", "citext"}
	}
	return typesOf(fd.Kind)
}

// mistyped returns a text that a column has an unusable type.
func (t *table) mistyped(c column, types []string) string {
	return fmt.Sprintf("column %q of %s is of type %s, not one of %s", c.name, t.sql(), c.typ, strings.Join(types, ", "))
}

// retype is a statement that gives a column the type of its field.
func (t *table) retype(fd siteschema.Field, c column) string {
	name := quote(c.name)
	typ, using := "text", name+"::text"
	switch fd.Kind {
	case siteschema.Text, siteschema.ID:
	case siteschema.Bool:
		typ, using = "boolean", name+"::text IN ('t', 'true', '1')"
	case siteschema.Time:
		typ, using = "timestamptz", name+"::text::timestamptz"
		if c.typ == "int4" || c.typ == "int8" {
			using = "to_timestamp(" + name + " / 1000.0)"
		}
	}
	return fmt.Sprintf("ALTER TABLE %s ALTER %s TYPE %s USING %s", t.sql(), name, typ, using)
}

// address reports whether a column holds network addresses as such, whose text
// has a mask.
func (c column) address() bool { return c.typ == "inet" || c.typ == "cidr" }

// asText is a column as text; null where it is null.
func (t *table) asText(alias, camel string) string {
	c, value := t.fields[camel], col(t, alias, camel)
	switch {
	case c.address():
		return "host(" + value + ")"
	case camel == "role" && c.array:
		return "array_to_string(" + value + ", ',')"
	case camel == "role" && (c.typ == "json" || c.typ == "jsonb"):
		// A list of roles, or one text that lists them.
		return fmt.Sprintf("CASE jsonb_typeof(%[1]s::jsonb) WHEN 'array' THEN (SELECT string_agg(r, ',') FROM jsonb_array_elements_text(%[1]s::jsonb) r) "+
			"ELSE %[1]s::jsonb #>> '{}' END", value)
	}
	return value + "::text"
}

// fit shortens a text value to what a column takes.
func (t *table) fit(camel, value string) string {
	if n := t.fields[camel].length; n > 0 {
		return fmt.Sprintf("left(%s::text, %d)", value, n)
	}
	return value
}

// tokenLength is the length of a token as the website stores it, in characters.
func tokenLength(f store.TokenForm) int {
	return len(f.Stored(strings.Repeat("x", 32)))
}

// storedToken returns a token as the website stores it; false if the column
// cannot hold it: then no session has it.
func (w *website) storedToken(token string) (string, bool) {
	if token == "" || !storable(token) {
		return "", false
	}
	stored := w.token.Stored(token)
	return stored, w.tokenType.holds(stored)
}

// hasToken is the condition that session s has parameter 1 as its token.
func (w *website) hasToken() string { return col(w.session, "s", "token") + " = " + w.tokenParam(1) }

// tokenParam returns parameter n as a token.
func (w *website) tokenParam(n int) string {
	if w.tokenType.cast("") == "" {
		return fmt.Sprintf("$%d", n)
	}
	return w.tokenType.bind(n)
}
