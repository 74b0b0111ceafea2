package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	if s.web.noCredentials != "" {
		return nil, store.ErrNoCredentialsGrant
	}
	var query string
	switch by {
	case store.ByID:
		query = s.web.credentialByID
	case store.ByUsername:
		query, value = s.web.credentialByUsername, strings.ToLower(value)
	case store.ByEmail:
		query, value = s.web.credentialByEmail, strings.ToLower(value)
	}
	var r userRow
	var hash sql.NullString
	var twoFactor sql.NullBool
	err := s.reads.QueryRowContext(ctx, query, value).Scan(append([]any{&hash, &twoFactor}, r.targets()...)...)
	if err != nil {
		return nil, s.fail(ctx, "get credential", orNotFound(err, store.ErrUserNotFound))
	}
	if by == store.ByID && r.id != value {
		// Where ids are numbers, SQLite takes "007" for 7.
		return nil, store.ErrUserNotFound
	}
	return &store.Credential{User: *r.user(s.zone), PasswordHash: hash.String, TwoFactor: twoFactor.Bool}, nil
}

// credentialSQL builds what GetCredential asks. The website signs a user in by
// the account that has the provider "credential" and the user's id twice; it
// changes the password of all of them at once, so several that differ are none
// of its making, and none of them is believed.
func (w *website) credentialSQL() {
	id := w.user.text("u", "id")
	password := w.account.col("a", "password")
	hash := fmt.Sprintf("(SELECT CASE count(DISTINCT %s) WHEN 1 THEN min(%s) END FROM %s a WHERE %s = %s AND %s = 'credential' AND %s = %s)",
		password, password, w.account.sql(), w.account.col("a", "userId"), w.user.col("u", "id"),
		w.account.col("a", "providerId"), w.account.text("a", "accountId"), id)
	by := func(field string) string {
		return fmt.Sprintf("SELECT %s, %s, %s FROM %s u WHERE %s = ?1",
			hash, w.user.col("u", "twoFactorEnabled"), userColumns(w.user), w.user.sql(), w.user.col("u", field))
	}
	w.credentialByID, w.credentialByUsername, w.credentialByEmail = by("id"), by("username"), by("email")
}
