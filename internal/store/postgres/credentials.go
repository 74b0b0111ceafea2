package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	if !s.web.credentials.on() {
		return nil, store.ErrNoCredentialsGrant
	}
	c, err := s.findCredential(ctx, by, value)
	if err != nil {
		return nil, s.absent(ctx, err)
	}
	if c.PasswordHash == "" && s.rows.filters.Load() {
		if err := s.nothingHidden(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (s *Store) findCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	if by == store.ByID {
		if !s.web.userID.holds(value) {
			return nil, store.ErrUserNotFound
		}
		all, err := s.readCredentials(ctx, s.web.credentialByID, value)
		if err == nil && len(all) == 0 {
			err = store.ErrUserNotFound
		}
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
	var all []*store.Credential
	at, err := s.byName(by, value, s.web.credentialQueries(by), func(query string, args ...any) (users []*store.User, err error) {
		all, err = s.readCredentials(ctx, query, args...)
		for _, c := range all {
			users = append(users, &c.User)
		}
		return users, err
	})
	if err != nil {
		return nil, err
	}
	return all[at], nil
}

// readCredentials asks for users by a statement of credentialSQL.
func (s *Store) readCredentials(ctx context.Context, query string, args ...any) ([]*store.Credential, error) {
	const op = "get credential"
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, translate(ctx, op, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*store.Credential, error) {
		var c store.Credential
		var u userRow
		if err := row.Scan(u.targets(&c.PasswordHash, &c.TwoFactor)...); err != nil {
			return nil, err
		}
		c.User = *u.user()
		return &c, nil
	})
	return all, translate(ctx, op, err)
}

func (w *website) credentialQueries(by store.UserKey) nameQueries {
	if by == store.ByUsername {
		return nameQueries{w.credentialByUsername, w.credentialsByUsername}
	}
	return nameQueries{w.credentialByEmail, w.credentialsByEmail}
}

// credentialSQL builds the statements of GetCredential. The website signs a
// user in by an account with the provider "credential" and the user's id in two
// columns. It changes the password of all such accounts together. So if several
// have different passwords, the website did not write them, and none is used.
func (w *website) credentialSQL() {
	if !w.credentials.on() {
		return
	}
	id := col(w.user, "u", "id")
	password := col(w.account, "a", "password") + "::text"
	hash := fmt.Sprintf("COALESCE((SELECT CASE count(DISTINCT %s) WHEN 1 THEN min(%s) END FROM %s a WHERE %s = %s AND %s = 'credential' AND %s::text = %s::text), '')",
		password, password, w.account.sql(), col(w.account, "a", "userId"), id, col(w.account, "a", "providerId")+"::text", col(w.account, "a", "accountId"), id)
	by := func(condition string) string {
		return fmt.Sprintf("SELECT %s, %s, %s FROM %s u WHERE %s",
			hash, boolOr(w.user, "u", "twoFactorEnabled"), w.userColumns(), w.user.sql(), condition)
	}
	w.credentialByID = by(id + " = " + w.userID.bind(1))
	few := fmt.Sprintf(" LIMIT %d", store.MaxAlike)
	w.credentialByEmail, w.credentialsByEmail = by(w.named("email")), by(w.alike("email"))+few
	if _, ok := w.user.column("username"); ok {
		w.credentialByUsername, w.credentialsByUsername = by(w.named("username")), by(w.alike("username"))+few
	}
}
