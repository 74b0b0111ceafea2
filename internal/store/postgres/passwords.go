package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// passwordSQL builds the statements that read the state of a user's password of
// the website: the ids and times of change of the rows that hold it, one row for
// each. The hashes themselves are not read. If that is not granted, only our own
// rows are read.
func (w *website) passwordSQL() {
	kept, join := "NULL::text", ""
	if w.passwordsSeen.on() {
		kept = fmt.Sprintf("%s::text || ' ' || %s", col(w.account, "a", "id"), w.clockText(w.account, "a", "updatedAt"))
		credential := col(w.account, "a", "providerId") + "::text = 'credential'"
		owner := col(w.account, "a", "userId")
		w.passwords = fmt.Sprintf("SELECT %s FROM %s a WHERE %s AND %s = %s", kept, w.account.sql(), credential, owner, w.userID.bind(1))
		join = fmt.Sprintf(" LEFT JOIN %s a ON %s = %s AND %s", w.account.sql(), owner, col(w.user, "u", "id"), credential)
	}
	id := col(w.user, "u", "id")
	w.checkPlayers = fmt.Sprintf("SELECT %s, COALESCE(g.password_hash, ''), %s FROM %s u%s LEFT JOIN game.account g ON %s WHERE %s = ANY(%s)",
		kept, w.userColumns(), w.user.sql(), join, w.owns("g", "updated_at"), id, w.userID.bindMany())
}

// clockText returns a time column as text that does not depend on settings of
// the server, the connection or ours; empty if it is null.
func (w *website) clockText(t *table, alias, camel string) string {
	at := col(t, alias, camel)
	if t.fields[camel].typ != "timestamp" {
		at += " AT TIME ZONE 'UTC'"
	}
	return "COALESCE(to_char(" + at + ", 'YYYY-MM-DD HH24:MI:SS.US'), '')"
}

// keptPasswords joins the rows of the website of one user, in a fixed order.
func keptPasswords(rows []string) string {
	slices.Sort(rows)
	return strings.Join(rows, ",")
}

// sitePassword returns the state of a user's password of the website; "" if there
// is none or the role may not read it.
func (s *Store) sitePassword(ctx context.Context, userID string) (string, error) {
	if !s.web.passwordsSeen.on() || !s.web.userID.holds(userID) {
		return "", nil
	}
	rows, err := s.pool.Query(ctx, s.web.passwords, userID)
	if err != nil {
		return "", translate(ctx, "look at the password", err)
	}
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", translate(ctx, "look at the password", err)
	}
	if len(kept) == 0 && s.rows.filters.Load() {
		return "", s.nothingHidden(ctx)
	}
	return keptPasswords(kept), nil
}

// player is a user with what is kept of the user's passwords.
type player struct {
	user *store.User
	site []string
	game string
}

func (p *player) passwords(hidden bool) store.Passwords {
	return store.Passwords{Site: keptPasswords(p.site), SiteHidden: hidden, Game: p.game}
}

// readPlayers reads the rows of website.checkPlayers, of which a user has one for
// each row of the website that holds a password.
func readPlayers(rows pgx.Rows, players map[string]*player) error {
	for rows.Next() {
		var u userRow
		var kept *string
		var game string
		if err := rows.Scan(u.targets(&kept, &game)...); err != nil {
			return err
		}
		p := players[u.id.String]
		if p == nil {
			p = &player{user: u.user(), game: game}
			players[p.user.ID] = p
		}
		if kept != nil {
			p.site = append(p.site, *kept)
		}
	}
	return rows.Err()
}

// readUsers reads the rows of website.checkUsers.
func readUsers(rows pgx.Rows, players map[string]*player) error {
	found, err := pgx.CollectRows(rows, collectUser)
	for _, u := range found {
		players[u.ID] = &player{user: u}
	}
	return err
}
