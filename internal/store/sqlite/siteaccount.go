package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// SetWebsitePassword sets the password with which a user signs in at the
// website, given as the website's own hash of it, as the website changes one: in
// every account of the provider "credential", or in a new one if there is none.
// Sessions of the website stay. Plays of players who signed in with the old
// password end. ErrUserNotFound.
func (s *Store) SetWebsitePassword(ctx context.Context, userID, hash string) error {
	if err := s.web.canSetPasswords(); err != nil {
		return err
	}
	return s.write(ctx, "set website password", func(t *tx) error {
		var r userRow
		if err := t.sql.QueryRowContext(ctx, s.web.getUser, userID).Scan(r.targets()...); err != nil {
			return orNotFound(err, store.ErrUserNotFound)
		}
		if r.id != userID {
			// Where ids are numbers, SQLite takes "007" for 7.
			return store.ErrUserNotFound
		}
		query, args := s.web.updateAccount(userID, hash, t.now)
		res, err := t.sql.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		query, args = s.web.insertAccount(userID, hash, t.now)
		_, err = t.sql.ExecContext(ctx, query, args...)
		return err
	})
}

// canSetPasswords returns an error if passwords cannot be written.
func (w *website) canSetPasswords() error {
	if w.noCredentials != "" {
		return errs.New(errs.FailedPrecondition, "WEBSITE_SCHEMA", "the website's passwords cannot be set: "+w.noCredentials)
	}
	return nil
}

// updateAccount builds the UPDATE of a user's passwords.
func (w *website) updateAccount(userID, hash string, now time.Time) (query string, args []any) {
	query = fmt.Sprintf("UPDATE %s SET %s = ?", w.account.sql(), quote(w.account.columns["password"]))
	args = []any{hash}
	if w.account.has("updatedAt") {
		query += fmt.Sprintf(", %s = ?", quote(w.account.columns["updatedAt"]))
		args = append(args, timeFor(now, w.account.numeric("updatedAt")))
	}
	return query + fmt.Sprintf(" WHERE %s = ? AND %s = 'credential'", quote(w.account.columns["userId"]), quote(w.account.columns["providerId"])),
		append(args, userID)
}

// insertAccount builds the INSERT as better-auth makes it at a sign-up. A number
// for an id comes from the database.
func (w *website) insertAccount(userID, hash string, now time.Time) (query string, args []any) {
	var names, places []string
	set := func(field string, value any) {
		if w.account.has(field) {
			names, places, args = append(names, quote(w.account.columns[field])), append(places, "?"), append(args, value)
		}
	}
	if !w.account.numeric("id") {
		set("id", store.NewID())
	}
	set("accountId", userID)
	set("providerId", "credential")
	set("userId", userID)
	set("password", hash)
	set("createdAt", timeFor(now, w.account.numeric("createdAt")))
	set("updatedAt", timeFor(now, w.account.numeric("updatedAt")))
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", w.account.sql(), strings.Join(names, ", "), strings.Join(places, ", ")), args
}
