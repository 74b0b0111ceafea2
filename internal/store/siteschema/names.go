package siteschema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// The settings that hold an operator's names.
const (
	TablesSetting  = "WEBSITE_TABLES"
	ColumnsSetting = "WEBSITE_COLUMNS"
)

// maxName is the longest name that PostgreSQL keeps, in bytes.
const maxName = 63

// Names are an operator's names for what is called otherwise. The zero value
// has none.
type Names struct {
	tables  map[string]string // by model
	columns map[string]string // by model.field
}

// ParseNames reads both settings. Tables are listed as user=app_users, columns
// as session.expiresAt=valid_until; entries are separated by commas, and names
// are spelled exactly as the database has them, without quotes.
func ParseNames(tables, columns []string) (Names, error) {
	var n Names
	var err error
	if n.tables, err = ParseTables(tables); err != nil {
		return Names{}, fmt.Errorf("%s: %w", TablesSetting, err)
	}
	if n.columns, err = ParseColumns(columns); err != nil {
		return Names{}, fmt.Errorf("%s: %w", ColumnsSetting, err)
	}
	return n, nil
}

// ParseTables reads entries like user=app_users.
func ParseTables(entries []string) (map[string]string, error) {
	var models []string
	for _, m := range Models() {
		models = append(models, m.Name)
	}
	return parse(entries, "user=app_users", "a table", func(key string) error {
		if !slices.Contains(models, key) {
			return fmt.Errorf("better-auth's %q is not a table that is read; those are %s", key, strings.Join(models, ", "))
		}
		return nil
	}, func(string) string { return "" })
}

// ParseColumns reads entries like session.expiresAt=valid_until.
func ParseColumns(entries []string) (map[string]string, error) {
	return parse(entries, "session.expiresAt=valid_until", "a column", func(key string) error {
		model, field, _ := strings.Cut(key, ".")
		for _, m := range Models() {
			if m.Name != model {
				continue
			}
			var fields []string
			for _, f := range m.Fields {
				fields = append(fields, f.Name)
			}
			if !slices.Contains(fields, field) {
				return fmt.Errorf("better-auth's table %s has no column %q that is read; those are %s",
					model, field, strings.Join(fields, ", "))
			}
			return nil
		}
		return fmt.Errorf("%q must begin with the table: user, session, account or verification, and a dot", key)
	}, func(key string) string {
		model, _, _ := strings.Cut(key, ".")
		return model
	})
}

// parse reads entries of key=name. Within one group no name serves two keys.
func parse(entries []string, example, what string, known func(key string) error, group func(key string) string) (map[string]string, error) {
	all := map[string]string{}
	used := map[string]string{}
	for _, entry := range entries {
		key, name, ok := strings.Cut(entry, "=")
		key, name = strings.TrimSpace(key), strings.TrimSpace(name)
		if !ok || key == "" {
			return nil, fmt.Errorf("entry %q must have the form %s", entry, example)
		}
		if err := known(key); err != nil {
			return nil, fmt.Errorf("entry %q: %w", entry, err)
		}
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("entry %q: %w", entry, err)
		}
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("entry %q: %s is named twice", entry, key)
		}
		if other, taken := used[group(key)+"\x00"+name]; taken {
			return nil, fmt.Errorf("entry %q: %s is %s already, and %s cannot be two", entry, name, other, what)
		}
		all[key], used[group(key)+"\x00"+name] = name, key
	}
	return all, nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name after = is empty")
	case len(name) > maxName:
		return fmt.Errorf("the name after = is longer than %d bytes", maxName)
	case strings.ContainsAny(name, `"=`):
		return fmt.Errorf(`the name after = is written as it is in the database, without " and =`)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the name after = holds a character that cannot be printed")
	}
	return nil
}

// Tables returns the names that a table may have, likeliest first.
func (n Names) Tables(m Model) []string {
	if name, ok := n.tables[m.Name]; ok {
		return []string{name}
	}
	return []string{m.Name, m.Name + "s"}
}

// Named reports whether the operator named a table or one of its columns.
func (n Names) Named(m Model) bool {
	_, ok := n.tables[m.Name]
	return ok || slices.ContainsFunc(m.Fields, func(f Field) bool { _, ok := n.columns[m.Name+"."+f.Name]; return ok })
}

// AnyTables reports whether the operator named a table.
func (n Names) AnyTables() bool { return len(n.tables) > 0 }

// Resolve finds the columns of a table by what columns it has. Found maps
// better-auth's names to the table's. Missing lists what is needed and not
// there: columns of a plugin are missed only where others of it are there or
// one of them is named by the operator, optional ones only where they are named
// themselves.
func (n Names) Resolve(m Model, has func(column string) bool) (found map[string]string, missing []Field) {
	found = map[string]string{}
	plugins := map[string]bool{"": true}
	for _, f := range m.Fields {
		name, named := n.columns[m.Name+"."+f.Name]
		switch {
		case named && has(name):
			found[f.Name] = name
		case named:
		case has(f.Name):
			found[f.Name] = f.Name
		case has(Snake(f.Name)):
			found[f.Name] = Snake(f.Name)
		}
		if _, ok := found[f.Name]; ok || named {
			plugins[f.Plugin] = true
		}
	}
	for _, f := range m.Fields {
		_, ok := found[f.Name]
		_, named := n.columns[m.Name+"."+f.Name]
		if !ok && plugins[f.Plugin] && (named || !f.Optional) {
			missing = append(missing, f)
		}
	}
	return found, missing
}

// NoTable says which names a table was looked for by and what helps.
func (n Names) NoTable(m Model) (lacks, help string) {
	if name, ok := n.tables[m.Name]; ok {
		return fmt.Sprintf("there is no table %q, which %s names,", name, TablesSetting), "correct the setting"
	}
	help = fmt.Sprintf("if it has another name: %s=%s=NAME", TablesSetting, m.Name)
	if m.Name == Session().Name {
		help = "if the website keeps its sessions in Redis alone (better-auth's secondaryStorage), " +
			"set session: { storeSessionInDatabase: true } in its options and run its migration; " + help
	}
	return fmt.Sprintf("there is neither %q nor %q", m.Name, m.Name+"s"), help
}

// NoColumn says which names a column was looked for by and what helps.
func (n Names) NoColumn(m Model, f Field) (lacks, help string) {
	if name, ok := n.columns[m.Name+"."+f.Name]; ok {
		return fmt.Sprintf("has no column %q, which %s names for %s.%s", name, ColumnsSetting, m.Name, f.Name), "correct the setting"
	}
	help = fmt.Sprintf("if it has another name: %s=%s.%s=NAME", ColumnsSetting, m.Name, f.Name)
	if f.Plugin != "" {
		help += fmt.Sprintf("; else run the website's migration for better-auth's %s plugin, of which only a part is there", f.Plugin)
	}
	if Snake(f.Name) == f.Name {
		return fmt.Sprintf("has no column %q", f.Name), help
	}
	return fmt.Sprintf("has neither column %q nor %q", f.Name, Snake(f.Name)), help
}

// Renamed lists the columns that are not called as better-auth calls them, as
// expiresAt=valid_until, in order.
func Renamed(found map[string]string) (all []string) {
	for _, field := range slices.Sorted(maps.Keys(found)) {
		if found[field] != field {
			all = append(all, field+"="+found[field])
		}
	}
	return all
}
