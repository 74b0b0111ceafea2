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
	Admin     = "admin"
	Username  = "username"
	TwoFactor = "two-factor"
)

// Field is a column by better-auth's own name.
type Field struct {
	Name string
	Kind Kind
	// Plugin adds the column; its columns are all there or none is. Empty for
	// better-auth itself.
	Plugin string
	// Optional: only what can be off needs the column. It is missed only where
	// the operator names it.
	Optional bool
}

// Model is a table by better-auth's own name, with the columns that are used.
type Model struct {
	Name   string
	Fields []Field
	// Optional: only what can be off needs the table.
	Optional bool
}

// User is the table of users.
func User() Model {
	return Model{Name: "user", Fields: []Field{
		{"id", ID, "", false},
		{"name", Text, "", false},
		{"email", Text, "", false},
		{"emailVerified", Bool, "", false},
		{"image", Text, "", false},
		{"createdAt", Time, "", false},
		{"updatedAt", Time, "", false},
		{"username", Text, Username, false},
		{"displayUsername", Text, Username, false},
		{"role", Text, Admin, false},
		{"banned", Bool, Admin, false},
		{"banReason", Text, Admin, false},
		{"banExpires", Time, Admin, false},
		{"twoFactorEnabled", Bool, TwoFactor, true},
	}}
}

// Session is the table of sessions.
func Session() Model {
	return Model{Name: "session", Fields: []Field{
		{"id", ID, "", false},
		{"userId", ID, "", false},
		{"token", Text, "", false},
		{"expiresAt", Time, "", false},
		{"createdAt", Time, "", false},
		{"updatedAt", Time, "", false},
		{"ipAddress", Text, "", false},
		{"userAgent", Text, "", false},
		{"impersonatedBy", Text, Admin, false},
	}}
}

// Account is the table that holds passwords. That one was changed is seen by
// the change of its row; to read one takes a grant of its own.
func Account() Model {
	return Model{Name: "account", Fields: []Field{
		{"id", ID, "", false},
		{"userId", ID, "", false},
		{"providerId", Text, "", false},
		{"createdAt", Time, "", true},
		{"updatedAt", Time, "", true},
		{"accountId", Text, "", true},
		{"password", Text, "", true},
	}}
}

// Verification is the table that holds, among others, one-time tokens.
func Verification() Model {
	return Model{Name: "verification", Optional: true, Fields: []Field{
		{"identifier", Text, "", false},
		{"value", Text, "", false},
		{"expiresAt", Time, "", false},
	}}
}

// Models returns all tables, those that have to be there first.
func Models() []Model { return []Model{User(), Session(), Account(), Verification()} }

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
