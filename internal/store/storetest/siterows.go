package storetest

import (
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// PasswordHash implements Website.
func (w *SQLWebsite) PasswordHash(t testing.TB, userID string) (hash string) {
	t.Helper()
	query := `SELECT password FROM account WHERE "providerId" = 'credential' AND "userId" = ` + w.first()
	if err := w.DB.QueryRowContext(t.Context(), query, userID).Scan(&hash); err != nil {
		t.Fatalf("read the password hash of %s: %v", userID, err)
	}
	return hash
}

// SetPassword implements Website.
func (w *SQLWebsite) SetPassword(t testing.TB, userID, hash string) {
	t.Helper()
	w.exec(t, `UPDATE account SET password = $2, "updatedAt" = $3 WHERE "providerId" = 'credential' AND "userId" = $1`, userID, hash, time.Now())
}

// DeleteAccounts implements Website.
func (w *SQLWebsite) DeleteAccounts(t testing.TB, userID string) {
	t.Helper()
	w.exec(t, `DELETE FROM account WHERE "userId" = $1`, userID)
}

// AddAccount implements Website.
func (w *SQLWebsite) AddAccount(t testing.TB, userID, providerID, accountID, hash string) {
	t.Helper()
	w.exec(t, `INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $6)`, store.NewID(), accountID, providerID, userID, hash, time.Now())
}

// AddVerification implements Website.
func (w *SQLWebsite) AddVerification(t testing.TB, identifier, value string, until time.Time) {
	t.Helper()
	w.exec(t, `INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $5)`,
		store.NewID(), identifier, value, until, time.Now())
}

// CountVerifications implements Website.
func (w *SQLWebsite) CountVerifications(t testing.TB) int {
	t.Helper()
	return w.count(t, "verification")
}

func (w *SQLWebsite) count(t testing.TB, table string) (n int) {
	t.Helper()
	if err := w.DB.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatalf("count the rows of %s: %v", table, err)
	}
	return n
}

// first is the first parameter of a statement.
func (w *SQLWebsite) first() string {
	if w.Engine == "sqlite" {
		return "?1"
	}
	return "$1"
}
