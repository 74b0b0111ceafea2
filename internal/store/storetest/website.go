package storetest

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
)

// Website writes the website's rows as the website itself, or another tool,
// would: straight into its tables.
type Website interface {
	// Ban marks a user as banned (zero until: without end) and leaves the
	// sessions alone.
	Ban(t testing.TB, userID string, until time.Time)
	// ClearVerdicts sets role, banned, banReason and banExpires to NULL.
	ClearVerdicts(t testing.TB, userID string)
	// AddPerson adds a user without a password who was made at an instant.
	AddPerson(t testing.TB, id, username string, createdAt time.Time)
	// ForgetPersons makes our rows those of a binary that does not know persons.
	ForgetPersons(t testing.TB)
	// AddUser adds a user.
	AddUser(t testing.TB, id, username, email string)
	// DeleteUser removes a user with its sessions and accounts.
	DeleteUser(t testing.TB, userID string)
	// AddSession adds a session.
	AddSession(t testing.TB, id, token, userID string, expiresAt time.Time)
	// DeleteSession removes a session.
	DeleteSession(t testing.TB, sessionID string)
	// SetExpiry writes the end of a session.
	SetExpiry(t testing.TB, sessionID string, at time.Time)
	// CountSessions counts all rows of sessions.
	CountSessions(t testing.TB) int
	// PasswordHash reads the hash of a user's password.
	PasswordHash(t testing.TB, userID string) string
	// SetPassword changes a user's password as the website does: the hash and the
	// time of change.
	SetPassword(t testing.TB, userID, hash string)
	// DeleteAccounts removes all ways in which a user signs in.
	DeleteAccounts(t testing.TB, userID string)
	// AddAccount adds a way to sign in; an empty hash is NULL.
	AddAccount(t testing.TB, userID, providerID, accountID, hash string)
	// AddVerification adds a row that is good until an instant.
	AddVerification(t testing.TB, identifier, value string, until time.Time)
	// CountVerifications counts all rows of verifications.
	CountVerifications(t testing.TB) int
}

// SQLWebsite is the Website over a connection of its own, for tables with
// better-auth's default names.
type SQLWebsite struct {
	DB     *sql.DB
	Engine string // "sqlite" or "postgres"
}

var _ Website = (*SQLWebsite)(nil)

// LoadFixtures makes better-auth's tables and fills them.
func (w *SQLWebsite) LoadFixtures(t testing.TB) {
	t.Helper()
	w.MakeTables(t)
	w.FillTables(t)
}

// MakeTables makes better-auth's tables.
func (w *SQLWebsite) MakeTables(t testing.TB) {
	t.Helper()
	w.load(t, w.Engine+"_schema.sql")
}

// FillTables fills in better-auth's rows and moves their expiries to the
// present.
func (w *SQLWebsite) FillTables(t testing.TB) {
	t.Helper()
	w.load(t, "seed_"+w.Engine+".sql", "rebase_"+w.Engine+".sql")
}

func (w *SQLWebsite) load(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := w.DB.ExecContext(t.Context(), betterauth.Read(name)); err != nil {
			t.Fatalf("load %s: %v", name, err)
		}
	}
}

// exec runs a statement written with $1, $2, ….
func (w *SQLWebsite) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	for i, a := range args {
		at, ok := a.(time.Time)
		switch {
		case !ok:
		case at.IsZero():
			args[i] = nil
		case w.Engine == "sqlite":
			args[i] = at.UTC().Format("2006-01-02T15:04:05.000Z")
		default:
			args[i] = at.UTC()
		}
	}
	if w.Engine == "sqlite" {
		query = strings.ReplaceAll(query, "$", "?")
	}
	if _, err := w.DB.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("as the website, %s: %v", query, err)
	}
}

func (w *SQLWebsite) boolean(b bool) any {
	if w.Engine != "sqlite" {
		return b
	}
	if b {
		return 1
	}
	return 0
}

// Ban implements Website.
func (w *SQLWebsite) Ban(t testing.TB, userID string, until time.Time) {
	t.Helper()
	w.exec(t, `UPDATE "user" SET banned = $2, "banReason" = 'No reason', "banExpires" = $3 WHERE id = $1`,
		userID, w.boolean(true), until)
}

// ClearVerdicts implements Website.
func (w *SQLWebsite) ClearVerdicts(t testing.TB, userID string) {
	t.Helper()
	w.exec(t, `UPDATE "user" SET role = NULL, banned = NULL, "banReason" = NULL, "banExpires" = NULL WHERE id = $1`, userID)
}

// AddPerson implements Website.
func (w *SQLWebsite) AddPerson(t testing.TB, id, username string, createdAt time.Time) {
	t.Helper()
	w.exec(t, `INSERT INTO "user" (id, name, email, "emailVerified", username, "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $2, $5, $5)`,
		id, username, username+"@example.com", w.boolean(false), createdAt)
}

// ForgetPersons implements Website.
func (w *SQLWebsite) ForgetPersons(t testing.TB) {
	t.Helper()
	prefix := "game."
	if w.Engine == "sqlite" {
		prefix = "game_"
	}
	for _, table := range []string{"character", "account", "play", "ticket"} {
		w.exec(t, `UPDATE `+prefix+table+` SET user_created_at = NULL`)
	}
}

// AddUser implements Website.
func (w *SQLWebsite) AddUser(t testing.TB, id, username, email string) {
	t.Helper()
	w.exec(t, `INSERT INTO "user" (id, name, username, "displayUsername", email, "emailVerified", "createdAt", "updatedAt") VALUES ($1, $2, $2, $2, $3, $4, $5, $5)`,
		id, username, email, w.boolean(true), time.Now())
}

// DeleteUser implements Website.
func (w *SQLWebsite) DeleteUser(t testing.TB, userID string) {
	t.Helper()
	w.exec(t, `DELETE FROM session WHERE "userId" = $1`, userID)
	w.exec(t, `DELETE FROM account WHERE "userId" = $1`, userID)
	w.exec(t, `DELETE FROM "user" WHERE id = $1`, userID)
}

// AddSession implements Website.
func (w *SQLWebsite) AddSession(t testing.TB, id, token, userID string, expiresAt time.Time) {
	t.Helper()
	w.exec(t, `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $5)`,
		id, token, userID, expiresAt, time.Now())
}

// DeleteSession implements Website.
func (w *SQLWebsite) DeleteSession(t testing.TB, sessionID string) {
	t.Helper()
	w.exec(t, `DELETE FROM session WHERE id = $1`, sessionID)
}

// SetExpiry implements Website.
func (w *SQLWebsite) SetExpiry(t testing.TB, sessionID string, at time.Time) {
	t.Helper()
	w.exec(t, `UPDATE session SET "expiresAt" = $2 WHERE id = $1`, sessionID, at)
}

// CountSessions implements Website.
func (w *SQLWebsite) CountSessions(t testing.TB) int {
	t.Helper()
	return w.count(t, "session")
}

// addSession adds a session with a random token and returns both.
func (e *Env) addSession(t testing.TB, userID string, expiresAt time.Time) (id, token string) {
	t.Helper()
	id, token = store.NewID(), store.NewID()
	e.Website.AddSession(t, id, token, userID, expiresAt)
	e.settle()
	return id, token
}
