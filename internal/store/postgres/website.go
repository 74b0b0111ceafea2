package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store"
)

// finding is what came of looking for the website's tables.
type finding struct {
	site     *website
	lines    []store.ReportLine
	problems []string
}

// err names every problem at once; nil when there is none.
func (f *finding) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return errConfig("the website's tables are not as needed: " + strings.Join(f.problems, "; "))
}

func (f *finding) line(object, format string, args ...any) {
	f.lines = append(f.lines, store.ReportLine{Object: object, OK: true, Detail: fmt.Sprintf(format, args...)})
}

func (f *finding) problem(object, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	f.lines = append(f.lines, store.ReportLine{Object: object, Detail: detail})
	f.problems = append(f.problems, object+": "+detail)
}

// kind is what a column is used as.
type kind uint8

const (
	text kind = iota
	ident
	boolean
	instant
)

var kindTypes = [...][]string{ //nolint:gochecknoglobals // a constant table
	text:    nil, // whatever it is, it is read as text
	ident:   {"text", "varchar", "bpchar", "uuid", "int2", "int4", "int8"},
	boolean: {"bool"},
	instant: {"timestamptz", "timestamp"},
}

// A field is a column that is asked for. Fields of a plugin are all there or
// none is: a site without the plugin does not have them.
type field struct {
	name   string
	kind   kind
	plugin string
}

const (
	adminPlugin    = "admin"
	usernamePlugin = "username"
)

// The fields of better-auth that are used, by its own names.
func userFields() []field {
	return []field{
		{"id", ident, ""}, {"name", text, ""}, {"email", text, ""}, {"emailVerified", boolean, ""},
		{"image", text, ""}, {"createdAt", instant, ""}, {"updatedAt", instant, ""},
		{"username", text, usernamePlugin}, {"displayUsername", text, usernamePlugin},
		{"role", text, adminPlugin}, {"banned", boolean, adminPlugin},
		{"banReason", text, adminPlugin}, {"banExpires", instant, adminPlugin},
	}
}

func sessionFields() []field {
	return []field{
		{"id", ident, ""}, {"userId", ident, ""}, {"token", text, ""}, {"expiresAt", instant, ""},
		{"createdAt", instant, ""}, {"updatedAt", instant, ""},
		{"ipAddress", text, ""}, {"userAgent", text, ""}, {"impersonatedBy", text, adminPlugin},
	}
}

// Nothing of account is read here; it has to be there because a change of a
// password is seen in it.
func accountFields() []field {
	return []field{{"id", ident, ""}, {"userId", ident, ""}, {"providerId", text, ""}}
}

// findWebsite looks for the website's tables. The error is that of the
// database; what is missing is in the finding, whose site is then nil.
func findWebsite(ctx context.Context, pool *pgxpool.Pool, schema string) (*finding, error) {
	cat, err := readCatalog(ctx, pool, schema)
	if err != nil {
		return nil, err
	}
	f := &finding{}
	user := f.table(cat, "user", userFields(), true)
	session := f.table(cat, "session", sessionFields(), true)
	account := f.table(cat, "account", accountFields(), false)
	if len(f.problems) > 0 {
		return f, nil
	}
	f.site = newWebsite(cat.role, user, session, account)
	if f.site.mayRefresh {
		f.line("prolonging sessions", "granted")
	} else {
		f.lines = append(f.lines, store.ReportLine{
			Object: "prolonging sessions", OK: true, Detail: "off; it needs " + f.site.refreshGrant,
		})
	}
	return f, nil
}

// table finds one table and judges its fields.
func (f *finding) table(cat *catalog, singular string, fields []field, read bool) *table {
	object := fmt.Sprintf("table %q", singular)
	names := make([]string, len(fields))
	for i, fd := range fields {
		names[i] = fd.name
	}
	t := cat.find(singular, names)
	if t == nil {
		hint := ""
		if singular == "session" {
			hint = " (a site with secondary storage has none unless storeSessionInDatabase is set)"
		}
		f.problem(object, "there is neither %q nor %q %s%s", singular, singular+"s", cat.where(), hint)
		return nil
	}
	before := len(f.problems)
	var unread []string
	for _, fd := range fields {
		c, ok := t.column(fd.name)
		switch {
		case !ok && t.without(fields, fd.plugin):
		case !ok && snake(fd.name) == fd.name:
			f.problem(object, "%s has no column %q", t.sql(), fd.name)
		case !ok:
			f.problem(object, "%s has neither column %q nor %q", t.sql(), fd.name, snake(fd.name))
		case !fd.kind.fits(c.typ):
			f.problem(object, "column %q of %s is of type %s, not one of %s",
				c.name, t.sql(), c.typ, strings.Join(kindTypes[fd.kind], ", "))
		case read && !c.mayRead:
			unread = append(unread, pgx.Identifier{c.name}.Sanitize())
		}
	}
	if len(unread) > 0 {
		f.problem(object, "the role may not read it: GRANT SELECT (%s) ON %s TO %s, and USAGE on its schema",
			strings.Join(unread, ", "), t.sql(), pgx.Identifier{cat.role}.Sanitize())
	}
	if len(f.problems) == before {
		id, _ := t.column("id")
		f.line(object, "%s, ids of type %s%s", t.sql(), id.typ, t.pluginsOff(fields))
	}
	return t
}

// without reports whether the table has no column of a plugin at all.
func (t *table) without(fields []field, plugin string) bool {
	if plugin == "" {
		return false
	}
	for _, fd := range fields {
		if _, ok := t.column(fd.name); ok && fd.plugin == plugin {
			return false
		}
	}
	return true
}

func (t *table) pluginsOff(fields []field) string {
	var off string
	for _, plugin := range []string{usernamePlugin, adminPlugin} {
		asked := false
		for _, fd := range fields {
			asked = asked || fd.plugin == plugin
		}
		if asked && t.without(fields, plugin) {
			off += ", without the columns of the " + plugin + " plugin"
		}
	}
	return off
}

func (k kind) fits(typ string) bool {
	if kindTypes[k] == nil {
		return true
	}
	for _, t := range kindTypes[k] {
		if t == typ {
			return true
		}
	}
	return false
}
