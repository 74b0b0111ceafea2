package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	if s.web.noCredentials != "" {
		return nil, store.ErrNoCredentialsGrant
	}
	var all []*store.Credential
	read := func(query string, args ...any) (users []*store.User, err error) {
		all, err = s.readCredentials(ctx, query, args...)
		for _, c := range all {
			users = append(users, &c.User)
		}
		return users, err
	}
	var at int
	var err error
	switch by {
	case store.ByID:
		err = byID(value, s.web.credentialByID, read)
	case store.ByUsername:
		at, err = s.byName(by, value, nameQueries{s.web.credentialByUsername, s.web.credentialsByUsername}, read)
	case store.ByEmail:
		at, err = s.byName(by, value, nameQueries{s.web.credentialByEmail, s.web.credentialsByEmail}, read)
	}
	if err != nil {
		return nil, s.fail(ctx, "get credential", err)
	}
	return all[at], nil
}

func (s *Store) readCredentials(ctx context.Context, query string, args ...any) (all []*store.Credential, err error) {
	rows, err := s.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r userRow
		var hash sql.NullString
		var twoFactor sql.NullBool
		if err := rows.Scan(append([]any{&hash, &twoFactor}, r.targets()...)...); err != nil {
			return nil, err
		}
		all = append(all, &store.Credential{User: *r.user(s.zone), PasswordHash: hash.String, TwoFactor: twoFactor.Bool})
	}
	return all, rows.Err()
}

// credentialSQL builds the statements of GetCredential. The website signs a
// user in by an account with the provider "credential" and the user's id in two
// columns. It changes the password of all such accounts together. So if several
// have different passwords, the website did not write them, and none is used.
func (w *website) credentialSQL() {
	id := w.user.text("u", "id")
	password := w.account.col("a", "password")
	hash := fmt.Sprintf("(SELECT CASE count(DISTINCT %s) WHEN 1 THEN min(%s) END FROM %s a WHERE %s = %s AND %s = 'credential' AND %s = %s)",
		password, password, w.account.sql(), w.account.col("a", "userId"), w.user.col("u", "id"),
		w.account.col("a", "providerId"), w.account.text("a", "accountId"), id)
	by := func(condition string) string {
		return fmt.Sprintf("SELECT %s, %s, %s FROM %s u WHERE %s",
			hash, w.user.col("u", "twoFactorEnabled"), userColumns(w.user), w.user.sql(), condition)
	}
	w.credentialByID = by(w.user.col("u", "id") + " = ?1")
	w.credentialByUsername, w.credentialsByUsername = by(w.user.named("username")), by(w.user.alike("username"))
	w.credentialByEmail, w.credentialsByEmail = by(w.user.named("email")), by(w.user.alike("email"))
}
