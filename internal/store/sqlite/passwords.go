package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/store"
)

// passwordSQL builds the expression that identifies the state of a user's
// password of the website: the ids and times of change of the rows that hold it,
// as stored. The hashes themselves are not read. It returns the expression for
// user u; NULL if the website has no such times.
func (w *website) passwordSQL() string {
	if !w.account.has("updatedAt") {
		w.noPasswordsSeen = w.account.sql() + " has no column updatedAt"
		return "NULL"
	}
	kept := fmt.Sprintf("SELECT group_concat(%s || ' ' || COALESCE(%s, ''), ',' ORDER BY %s) FROM %s a WHERE %s = 'credential' AND %s = ",
		w.account.text("a", "id"), w.account.text("a", "updatedAt"), w.account.col("a", "id"), w.account.sql(),
		w.account.col("a", "providerId"), w.account.col("a", "userId"))
	w.passwords = kept + "?1"
	return "(" + kept + w.user.col("u", "id") + ")"
}

// sitePassword returns the state of a user's password of the website; "" if
// there is none or it cannot be known.
func (s *Store) sitePassword(ctx context.Context, t *tx, userID string) (string, error) {
	if s.web.passwords == "" {
		return "", nil
	}
	var kept sql.NullString
	err := t.sql.QueryRowContext(ctx, s.web.passwords, userID).Scan(&kept)
	return store.PasswordState(kept.String), err
}
