package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// finding is the result of looking for the website's tables.
type finding struct {
	site     *website
	lines    []store.ReportLine
	problems []string
	grants   []string
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

// site says where the website's tables are and how they are read.
type site struct {
	schema string // empty for the role's search path
	names  siteschema.Names
	zone   string // of columns without one
	token  store.TokenForm
}

// finder looks for tables in a catalog.
type finder struct {
	finding
	site site
	cat  *catalog
	// all reads the whole catalog, to say which tables could be meant.
	all func() (*catalog, error)
}

// findWebsite looks for the website's tables. The error is that of the
// database; what is missing is in the finding, whose site is then nil.
func findWebsite(ctx context.Context, pool *pgxpool.Pool, where site) (*finding, error) {
	var names []string
	for _, m := range siteschema.Models() {
		names = append(names, where.names.Tables(m)...)
	}
	cat, err := readCatalog(ctx, pool, where.schema, names)
	if err != nil {
		return nil, err
	}
	f := &finder{site: where, cat: cat, all: func() (*catalog, error) { return readCatalog(ctx, pool, where.schema, []string{}) }}
	if err := f.checkZone(ctx, pool); err != nil {
		return nil, err
	}
	var tables []*table
	for _, m := range siteschema.Models() {
		t, err := f.table(m)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	if err := f.checkRules(ctx, pool, tables); err != nil {
		return nil, err
	}
	if len(f.problems) > 0 {
		return &f.finding, nil
	}
	w := newWebsite(cat.role, where, tables[0], tables[1], tables[2], tables[3])
	if f.finding.site = w; w.mayRefresh {
		f.line("prolonging sessions", "granted")
	} else {
		f.line("prolonging sessions", "off; it needs %s", w.refreshGrant)
		f.grants = append(f.grants, w.refreshGrant)
	}
	for _, opt := range w.options() {
		f.line(opt.name, "%s", opt.detail())
	}
	return &f.finding, nil
}

// checkZone accepts only names of zones: PostgreSQL accepts nearly any text as
// a zone, and treats misspelt ones as UTC.
func (f *finder) checkZone(ctx context.Context, pool *pgxpool.Pool) error {
	if f.site.zone == DefaultTimeZone {
		return nil
	}
	var known bool
	err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_timezone_names WHERE name = $1)`, f.site.zone).Scan(&known)
	if err != nil {
		return translate(ctx, "look for the time zone", err)
	}
	if !known {
		f.problem("time zone", "PostgreSQL has no zone %q, which WEBSITE_TIME_ZONE names; "+
			"write it as in pg_timezone_names, for example Europe/Berlin or UTC", f.site.zone)
	}
	return nil
}

// table finds one table and checks its columns. An optional table that the
// operator does not name may be missing: then it is nil, also if a table of
// that name belongs to something else.
func (f *finder) table(m siteschema.Model) (*table, error) {
	object := fmt.Sprintf("table %q", m.Name)
	t := f.cat.find(f.site.names, m)
	mayLack := m.Optional && !f.site.names.Named(m)
	if t == nil {
		if mayLack {
			return nil, nil //nolint:nilnil // there is none
		}
		return nil, f.noTable(object, m)
	}
	found, missing := t.resolve(f.site.names, m)
	if mayLack && len(missing) > 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	t.fields = make(map[string]column, len(found))
	for field, name := range found {
		t.fields[field] = t.columns[name]
	}
	before := len(f.problems)
	for _, fd := range missing {
		lacks, help := f.site.names.NoColumn(m, fd)
		f.problem(object, "%s %s; %s", t.sql(), lacks, help)
	}
	var unread []string
	for _, fd := range m.Fields {
		c, ok := t.column(fd.Name)
		if !ok {
			continue
		}
		if fd.Optional || m.Optional {
			continue // judged by what needs it
		}
		if types := typesFor(m, fd); types != nil && !slices.Contains(types, c.typ) {
			f.problem(object, "%s: the website's schema has to have it so, as after %s", t.mistyped(c, types), t.retype(fd, c))
		}
		if isRead(m) && !c.mayRead {
			unread = append(unread, quote(c.name))
		}
	}
	f.checkOwner(object, t)
	if isRead(m) {
		f.checkGrants(object, t, unread)
	}
	if len(f.problems) == before {
		f.line(object, "%s", f.describe(m, t, found))
	}
	return t, nil
}

// isRead reports whether a table is read by what is never off.
func isRead(m siteschema.Model) bool { return !m.Optional && m.Name != siteschema.Account().Name }

func (f *finder) noTable(object string, m siteschema.Model) error {
	all, err := f.all()
	if err != nil {
		return err
	}
	lacks, help := f.site.names.NoTable(m)
	if like := all.alike(f.site.names, m); len(like) > 0 {
		help = fmt.Sprintf("%q has all of its columns: if that is it, %s=%s=%s", like[0], siteschema.TablesSetting, m.Name, like[0])
	}
	f.problem(object, "%s %s; %s", lacks, f.cat.where(), help)
	return nil
}

// checkRules names the tables of which row-level security hides rows from the
// role, although it may read them.
func (f *finder) checkRules(ctx context.Context, pool *pgxpool.Pool, tables []*table) error {
	if err := readRules(ctx, pool, tables); err != nil {
		return err
	}
	role := quote(f.cat.role)
	for i, m := range siteschema.Models() {
		t := tables[i]
		if t == nil || t.hidden(role) == "" {
			continue
		}
		f.problem(fmt.Sprintf("rows of %q", m.Name), "%s", t.hidden(role))
		f.grants = append(f.grants, t.mend(cmdSelect, role))
	}
	return nil
}

// checkOwner: a reference to a user has to be of the type of the user's id, or
// the two could not be joined.
func (f *finder) checkOwner(object string, t *table) {
	ref, ok := t.column("userId")
	user := f.cat.find(f.site.names, siteschema.User())
	if !ok || user == nil {
		return
	}
	id, ok := user.column("id")
	if ok && idType(id.typ).family() != idType(ref.typ).family() {
		f.problem(object, "column %q of %s is of type %s, but users have ids of type %s", ref.name, t.sql(), ref.typ, id.typ)
	}
}

func (f *finder) checkGrants(object string, t *table, unread []string) {
	var grants []string
	role := quote(f.cat.role)
	if !t.mayUse {
		grants = append(grants, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", quote(t.schema), role))
	}
	if len(unread) > 0 {
		grants = append(grants, fmt.Sprintf("GRANT SELECT (%s) ON %s TO %s", strings.Join(unread, ", "), t.sql(), role))
	}
	if len(grants) > 0 {
		f.problem(object, "the role may not read it: %s", strings.Join(grants, "; "))
	}
	for _, g := range grants {
		if !slices.Contains(f.grants, g) {
			f.grants = append(f.grants, g)
		}
	}
}

// describe says of a table that is as needed what was found.
func (f *finder) describe(m siteschema.Model, t *table, found map[string]string) string {
	text := t.sql()
	if id, ok := t.column("id"); ok {
		text += ", ids of type " + id.typ
	}
	var zoned, bare []string
	for _, fd := range m.Fields {
		if c, ok := t.column(fd.Name); ok && fd.Kind == siteschema.Time {
			if c.typ == "timestamp" {
				bare = append(bare, c.name)
			} else {
				zoned = append(zoned, c.name)
			}
		}
	}
	switch {
	case len(bare) > 0 && len(zoned) > 0:
		text += fmt.Sprintf(", times with a zone except %s, which hold the clock of %s", strings.Join(bare, ", "), f.site.zone)
	case len(bare) > 0:
		text += fmt.Sprintf(", times without a zone, which hold the clock of %s", f.site.zone)
	case len(zoned) > 0:
		text += ", times with a zone"
	}
	for _, plugin := range m.Plugins() {
		word := "without"
		if slices.ContainsFunc(m.Fields, func(fd siteschema.Field) bool { return fd.Plugin == plugin && found[fd.Name] != "" }) {
			word = "with"
		}
		text += fmt.Sprintf(", %s the columns of the %s plugin", word, plugin)
	}
	if renamed := siteschema.Renamed(found); len(renamed) > 0 {
		text += "; columns " + strings.Join(renamed, ", ")
	}
	return text
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
