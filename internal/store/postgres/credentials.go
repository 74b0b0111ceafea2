package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	if !s.web.credentials.on() {
		return nil, store.ErrNoCredentialsGrant
	}
	var query string
	asked := value != "" && storable(value)
	switch by {
	case store.ByID:
		query, asked = s.web.credentialByID, s.web.userID.holds(value)
	case store.ByUsername:
		query, value = s.web.credentialByUsername, strings.ToLower(value)
	case store.ByEmail:
		query, value = s.web.credentialByEmail, strings.ToLower(value)
	}
	if query == "" || !asked {
		return nil, store.ErrUserNotFound
	}
	var c store.Credential
	var u userRow
	if err := s.pool.QueryRow(ctx, query, value).Scan(u.targets(&c.PasswordHash, &c.TwoFactor)...); err != nil {
		return nil, noRows(ctx, "get credential", err, store.ErrUserNotFound)
	}
	c.User = *u.user()
	return &c, nil
}

// credentialSQL builds what GetCredential asks. The website signs a user in by
// the account that has the provider "credential" and the user's id twice; it
// changes the password of all of them at once, so several that differ are none
// of its making, and none of them is believed.
func (w *website) credentialSQL() {
	if !w.credentials.on() {
		return
	}
	id := col(w.user, "u", "id")
	password := col(w.account, "a", "password") + "::text"
	hash := fmt.Sprintf("COALESCE((SELECT CASE count(DISTINCT %s) WHEN 1 THEN min(%s) END FROM %s a WHERE %s = %s AND %s = 'credential' AND %s::text = %s::text), '')",
		password, password, w.account.sql(), col(w.account, "a", "userId"), id, col(w.account, "a", "providerId"), col(w.account, "a", "accountId"), id)
	by := func(condition string) string {
		return fmt.Sprintf("SELECT %s, %s, %s FROM %s u WHERE %s",
			hash, boolOr(w.user, "u", "twoFactorEnabled"), w.userColumns(), w.user.sql(), condition)
	}
	w.credentialByID = by(id + " = " + w.userID.bind(1))
	w.credentialByEmail = by(col(w.user, "u", "email") + " = $1")
	if _, ok := w.user.column("username"); ok {
		w.credentialByUsername = by(col(w.user, "u", "username") + " = $1")
	}
}
