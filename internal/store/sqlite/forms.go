package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// valuesLooked is in how many rows of a table the forms of the values are checked.
const valuesLooked = 1000

// The type of a column says little in SQLite, because it can hold any value. So
// the stored values are checked.

// form returns what is wrong with a value of a kind, given its storage class and
// its text; "" for nothing. fatal means that every call that reads the value fails.
func (s *Store) form(kind siteschema.Kind, class, text string) (wrong string, fatal bool) {
	switch kind {
	case siteschema.ID:
		if class != "text" && class != "integer" {
			return "is stored as " + class + ", which no id that is asked for is equal to", true
		}
	case siteschema.Bool:
		if _, err := strconv.ParseBool(text); err != nil {
			return "is neither 0 nor 1", true
		}
	case siteschema.Time:
		if _, ok := parseWebsiteTime(text, s.zone); !ok {
			return "is no time in ISO 8601, nor one in milliseconds: a session or ban of such an end is over, or never over", false
		}
	case siteschema.Text:
	}
	return "", false
}

// forms returns a line for each column of the users and sessions with values that
// cannot be used.
func (s *Store) forms(ctx context.Context) (lines []store.ReportLine, err error) {
	for _, t := range []*websiteTable{s.web.user, s.web.session} {
		for _, f := range t.model.Fields {
			if !t.has(f.Name) || f.Kind == siteschema.Text {
				continue
			}
			line, err := s.formOf(ctx, t, f)
			if err != nil {
				return nil, err
			}
			if line.Detail != "" {
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

func (s *Store) formOf(ctx context.Context, t *websiteTable, f siteschema.Field) (line store.ReportLine, err error) {
	line = store.ReportLine{Object: fmt.Sprintf("form of %s.%s", t.model.Name, f.Name), OK: true}
	values, err := texts(ctx, s.reads, fmt.Sprintf("SELECT typeof(%[1]s) || ' ' || %[2]s FROM %[3]s t WHERE %[1]s IS NOT NULL LIMIT %[4]d",
		t.col("t", f.Name), t.text("t", f.Name), t.sql(), valuesLooked))
	if err != nil {
		return line, err
	}
	others := 0
	for _, v := range values {
		class, text, _ := strings.Cut(v, " ")
		wrong, fatal := s.form(f.Kind, class, text)
		if wrong == "" {
			continue
		}
		if others++; others == 1 {
			line.OK, line.Warning = !fatal, true
			line.Detail = fmt.Sprintf("such as %q, which %s", text, wrong)
		}
	}
	if others > 0 {
		line.Detail = fmt.Sprintf("%d of %d values of %s.%s, %s", others, len(values), t.sql(), quote(t.columns[f.Name]), line.Detail)
	}
	return line, nil
}

// checkForms reports the values that cannot be used.
func (s *Store) checkForms(ctx context.Context, r *store.Report) error {
	lines, err := s.forms(ctx)
	if err == nil && len(lines) == 0 {
		r.Add("forms of values", true, "ids, times and flags as they are needed")
	}
	r.Lines = append(r.Lines, lines...)
	return err
}

// warn logs what an operator should know about the website's rows.
func (s *Store) warn(ctx context.Context) error {
	lines, err := s.forms(ctx)
	if l, exposed := s.exposed(); exposed {
		s.cfg.Log.WarnContext(ctx, "the database file is open to others", "what", l.Object, "found", l.Detail)
	}
	for _, l := range lines {
		s.cfg.Log.WarnContext(ctx, "the website's tables are not as is best", "what", l.Object, "found", l.Detail)
	}
	return err
}
