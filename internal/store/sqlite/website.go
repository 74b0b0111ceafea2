package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

//go:embed website.sql
var websiteSchema string

// websiteTable is a table of the website: what it and its columns are called
// in the file, by better-auth's names. Its zero value is a table that is not
// there.
type websiteTable struct {
	model   siteschema.Model
	name    string
	columns map[string]string
	types   map[string]string // as declared
}

// sql returns the quoted name.
func (t *websiteTable) sql() string { return quote(t.name) }

// col returns a column, qualified; NULL for one of a plugin that the site does
// not have.
func (t *websiteTable) col(alias, field string) string {
	if !t.has(field) {
		return "NULL"
	}
	return alias + "." + quote(t.columns[field])
}

// text is col cast to text. The driver would turn a column that is declared a
// time into one by rules of its own.
func (t *websiteTable) text(alias, field string) string {
	return "CAST(" + t.col(alias, field) + " AS TEXT)"
}

func (t *websiteTable) has(field string) bool { return t.columns[field] != "" }

// numeric reports whether a column is declared to hold integers.
func (t *websiteTable) numeric(field string) bool {
	return strings.Contains(strings.ToUpper(t.types[field]), "INT")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// prepareWebsite makes the website's tables in a file that has none of those
// needed, and otherwise finds them.
func (s *Store) prepareWebsite(ctx context.Context, t *sql.Tx) error {
	tables, problems, err := s.findWebsite(ctx, t)
	if err != nil {
		return err
	}
	none := !slices.ContainsFunc(tables, func(t *websiteTable) bool { return t.name != "" && !t.model.Optional })
	if none && !s.cfg.Names.AnyTables() {
		if _, err := t.ExecContext(ctx, websiteSchema); err != nil {
			return err
		}
		if tables, problems, err = s.findWebsite(ctx, t); err != nil {
			return err
		}
	}
	if len(problems) > 0 {
		return errs.New(errs.FailedPrecondition, "WEBSITE_SCHEMA",
			"the website's tables lack what is needed: "+strings.Join(problems, ", "))
	}
	s.web = newWebsite(tables[0], tables[1], tables[2], tables[3])
	return s.web.findOptions(ctx, t)
}

// findWebsite looks for the tables in the order of siteschema.Models and says
// what is missing.
func (s *Store) findWebsite(ctx context.Context, q querier) (tables []*websiteTable, problems []string, err error) {
	have, err := texts(ctx, q, `SELECT name FROM sqlite_master WHERE type IN ('table', 'view')`)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range siteschema.Models() {
		t, lacks, err := s.findTable(ctx, q, m, have)
		if err != nil {
			return nil, nil, err
		}
		tables, problems = append(tables, t), append(problems, lacks...)
	}
	return tables, problems, nil
}

// findTable returns the table that has most of a model's columns. An optional
// one that the operator does not name may be missing.
func (s *Store) findTable(ctx context.Context, q querier, m siteschema.Model, have []string) (best *websiteTable, problems []string, err error) {
	best = &websiteTable{model: m}
	var missing []siteschema.Field
	for _, name := range s.cfg.Names.Tables(m) {
		if !slices.Contains(have, name) {
			continue
		}
		types, err := columnTypes(ctx, q, name)
		if err != nil {
			return nil, nil, err
		}
		found, lacks := s.cfg.Names.Resolve(m, func(column string) bool { _, ok := types[column]; return ok })
		if best.name != "" && len(found) <= len(best.columns) {
			continue
		}
		best = &websiteTable{model: m, name: name, columns: found, types: map[string]string{}}
		for field, column := range found {
			best.types[field] = types[column]
		}
		missing = lacks
	}
	if m.Optional && !s.cfg.Names.Named(m) && len(missing) > 0 {
		return &websiteTable{model: m}, nil, nil // another's of that name
	}
	if best.name == "" && m.Optional && !s.cfg.Names.Named(m) {
		return best, nil, nil
	}
	if best.name == "" {
		lacks, help := s.cfg.Names.NoTable(m)
		return best, []string{fmt.Sprintf("table %s (%s; %s)", m.Name, lacks, help)}, nil
	}
	for _, f := range missing {
		lacks, help := s.cfg.Names.NoColumn(m, f)
		problems = append(problems, fmt.Sprintf("column %s.%s (%s %s; %s)", m.Name, f.Name, best.sql(), lacks, help))
	}
	return best, problems, nil
}

// columnTypes returns the declared types of a table's columns by their names.
func columnTypes(ctx context.Context, q querier, table string) (types map[string]string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT name, type FROM pragma_table_info(?)`, table)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types = map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		types[name] = typ
	}
	return types, rows.Err()
}

// texts returns the one column of a query.
func texts(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
