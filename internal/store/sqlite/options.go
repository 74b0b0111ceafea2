package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// findOptions finds out which optional functions the website's columns do not
// allow, and why.
func (w *website) findOptions(ctx context.Context, q querier) error {
	if !w.account.has("accountId") || !w.account.has("password") {
		w.noCredentials = w.account.sql() + " does not have both of the columns accountId and password"
	}
	if w.verification.name == "" {
		w.noOneTimeTokens = "the website has no table \"verification\" with the columns identifier, value and expiresAt"
	}
	needed, err := texts(ctx, q, `SELECT name FROM pragma_table_info(?) WHERE "notnull" AND dflt_value IS NULL AND pk = 0`, w.session.name)
	if err != nil {
		return err
	}
	var unknown []string
	for _, name := range needed {
		if !slices.ContainsFunc(w.insertedColumns(), func(field string) bool { return w.session.columns[field] == name }) {
			unknown = append(unknown, quote(name))
		}
	}
	if len(unknown) > 0 {
		w.noSessionMaking = fmt.Sprintf("%s needs a value for %s, for which there is no default", w.session.sql(), strings.Join(unknown, ", "))
	}
	return nil
}
