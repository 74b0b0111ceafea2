package siteschema

import "strings"

// Kind is what a column is used as.
type Kind uint8

// The kinds.
const (
	Text Kind = iota
	ID
	Bool
	Time
)

// Plugins of better-auth that add columns which are used.
const (
	Admin    = "admin"
	Username = "username"
)

// Field is a column by better-auth's own name.
type Field struct {
	Name string
	Kind Kind
	// Plugin adds the column; its columns are all there or none is. Empty for
	// better-auth itself.
	Plugin string
}

// Model is a table by better-auth's own name, with the columns that are used.
type Model struct {
	Name   string
	Fields []Field
}

// User is the table of users.
func User() Model {
	return Model{"user", []Field{
		{"id", ID, ""},
		{"name", Text, ""},
		{"email", Text, ""},
		{"emailVerified", Bool, ""},
		{"image", Text, ""},
		{"createdAt", Time, ""},
		{"updatedAt", Time, ""},
		{"username", Text, Username},
		{"displayUsername", Text, Username},
		{"role", Text, Admin},
		{"banned", Bool, Admin},
		{"banReason", Text, Admin},
		{"banExpires", Time, Admin},
	}}
}

// Session is the table of sessions.
func Session() Model {
	return Model{"session", []Field{
		{"id", ID, ""},
		{"userId", ID, ""},
		{"token", Text, ""},
		{"expiresAt", Time, ""},
		{"createdAt", Time, ""},
		{"updatedAt", Time, ""},
		{"ipAddress", Text, ""},
		{"userAgent", Text, ""},
		{"impersonatedBy", Text, Admin},
	}}
}

// Account is the table that holds passwords, which are not read. That one was
// changed is seen by the change of its row.
func Account() Model {
	return Model{"account", []Field{
		{"id", ID, ""},
		{"userId", ID, ""},
		{"providerId", Text, ""},
	}}
}

// Models returns all tables.
func Models() []Model { return []Model{User(), Session(), Account()} }

// Plugins returns the plugins that add columns to the table.
func (m Model) Plugins() (all []string) {
	for _, f := range m.Fields {
		if f.Plugin != "" && (len(all) == 0 || all[len(all)-1] != f.Plugin) {
			all = append(all, f.Plugin)
		}
	}
	return all
}

// Snake turns emailVerified into email_verified.
func Snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
