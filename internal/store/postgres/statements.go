package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// website holds the statements on the website's tables, made once from what
// the catalog said. Ids are cast to text when read and from text when bound;
// instants are timestamptz on our side whatever the column is, a column
// without a zone being the wall clock of UTC.
type website struct {
	schema        string // where it was looked for; empty for the search path
	user, session *table
	userID        idType
	sessionID     idType
	admin         bool // the columns of the admin plugin are there
	mayRefresh    bool
	refreshGrant  string

	getUser, getUserByUsername, getUserByEmail string // $1
	userExists                                 string // $1 id
	getSession                                 string // $1 token
	refreshSession                             string // $1 token, $2 now, $3 new expiry, $4 due when it ends by then
	checkSessions, checkUsers                  string // $1 ids
	listUsers                                  string // $1 limit
	listUsersAfter                             string // $1 limit, $2 id
	setBan                                     string // $1 id, $2 banned, $3 reason, $4 until, $5 now
	deleteSessions                             string // $1 user id
}

func newWebsite(role string, user, session *table) *website {
	w := &website{user: user, session: session}
	w.userID, w.sessionID = idType(user.columns["id"].typ), idType(session.columns["id"].typ)
	_, w.admin = user.column("banned")
	expires, _ := session.column("expiresAt")
	updated, _ := session.column("updatedAt")
	w.mayRefresh = expires.mayUpdate && updated.mayUpdate
	w.refreshGrant = fmt.Sprintf("GRANT UPDATE (%s, %s) ON %s TO %s", quote(expires.name), quote(updated.name),
		session.sql(), pgx.Identifier{role}.Sanitize())

	u, s := w.userColumns("u"), w.sessionColumns("s")
	uFrom, sFrom := user.sql()+" u", session.sql()+" s"
	userRef, _ := session.column("userId")
	sameUser := fmt.Sprintf("u.%s = s.%s", quote("id"), quote(userRef.name))
	byUser := func(where string) string {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s", u, uFrom, where)
	}

	// The join to one row that is always there returns the snapshot also where
	// there is no user.
	one := func(columns, from, where string) string {
		return fmt.Sprintf("SELECT pg_current_snapshot()::text, %s FROM (SELECT) one LEFT JOIN %s ON %s", columns, from, where)
	}
	w.getUser = one(u, uFrom, "u.id = "+w.userID.bind(1))
	w.getUserByEmail = one(u, uFrom, col(user, "u", "email")+" = $1")
	if c, ok := user.column("username"); ok {
		w.getUserByUsername = one(u, uFrom, "u."+quote(c.name)+" = $1")
	}
	w.userExists = fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s WHERE u.id = %s)", uFrom, w.userID.bind(1))
	w.getSession = one(s+", "+u, fmt.Sprintf("(%s JOIN %s ON %s)", sFrom, uFrom, sameUser), col(session, "s", "token")+" = $1")
	w.refreshSession = w.refreshSQL(uFrom, sameUser)
	w.checkSessions = fmt.Sprintf("SELECT s.id::text, s.%s::text, %s FROM %s WHERE s.id = ANY(%s)",
		quote(userRef.name), read(expires, "s"), sFrom, w.sessionID.bindMany(1))
	w.checkUsers = byUser("u.id = ANY(" + w.userID.bindMany(1) + ")")

	created := col(user, "u", "createdAt")
	w.listUsers = byUser("true") + fmt.Sprintf(" ORDER BY %s, u.id LIMIT $1", created)
	w.listUsersAfter = byUser(fmt.Sprintf("(%s, u.id) > (SELECT %s, a.id FROM %s a WHERE a.id = %s)",
		created, col(user, "a", "createdAt"), user.sql(), w.userID.bind(2))) +
		fmt.Sprintf(" ORDER BY %s, u.id LIMIT $1", created)
	w.setBan = w.banSQL(uFrom)
	w.deleteSessions = fmt.Sprintf("DELETE FROM %s WHERE s.%s = %s",
		sFrom, quote(userRef.name), idType(userRef.typ).bind(1))
	return w
}

// refreshSQL prolongs one living session that is due: it never shortens one,
// and a row that has gone stays gone.
func (w *website) refreshSQL(uFrom, sameUser string) string {
	expires, _ := w.session.column("expiresAt")
	updated, _ := w.session.column("updatedAt")
	notBanned := ""
	if w.admin {
		banExpires, _ := w.user.column("banExpires")
		notBanned = fmt.Sprintf(" AND NOT (COALESCE(%s, false) AND (u.%s IS NULL OR u.%s >= %s))",
			col(w.user, "u", "banned"), quote(banExpires.name), quote(banExpires.name), instantArg(banExpires, 2))
	}
	return fmt.Sprintf("UPDATE %s s SET %s = GREATEST(s.%s, %s), %s = %s FROM %s "+
		"WHERE %s = $1 AND %s AND s.%s >= %s AND s.%s <= %s%s",
		w.session.sql(), quote(expires.name), quote(expires.name), instantArg(expires, 3),
		quote(updated.name), instantArg(updated, 2), uFrom,
		col(w.session, "s", "token"), sameUser,
		quote(expires.name), instantArg(expires, 2), quote(expires.name), instantArg(expires, 4), notBanned)
}

func (w *website) banSQL(uFrom string) string {
	if !w.admin {
		return ""
	}
	banned, _ := w.user.column("banned")
	reason, _ := w.user.column("banReason")
	until, _ := w.user.column("banExpires")
	updated, _ := w.user.column("updatedAt")
	return fmt.Sprintf("UPDATE %s SET %s = $2, %s = $3, %s = %s, %s = %s WHERE u.id = %s", uFrom,
		quote(banned.name), quote(reason.name), quote(until.name), instantArg(until, 4),
		quote(updated.name), instantArg(updated, 5), w.userID.bind(1))
}

// userColumns lists what scanUser scans.
func (w *website) userColumns(alias string) string {
	t := w.user
	return strings.Join([]string{
		alias + ".id::text",
		textOf(t, alias, "name"),
		textOf(t, alias, "username"),
		textOf(t, alias, "displayUsername"),
		textOf(t, alias, "email"),
		boolOr(t, alias, "emailVerified"),
		textOf(t, alias, "image"),
		// better-auth takes an empty role for none.
		"COALESCE(NULLIF(" + textOf(t, alias, "role") + ", ''), 'user')",
		boolOr(t, alias, "banned"),
		textOf(t, alias, "banReason"),
		instantOr(t, alias, "banExpires"),
		instantOr(t, alias, "createdAt"),
		instantOr(t, alias, "updatedAt"),
	}, ", ")
}

// sessionColumns lists what scanSession scans; the token stays where it is.
func (w *website) sessionColumns(alias string) string {
	t := w.session
	return strings.Join([]string{
		alias + ".id::text",
		textOf(t, alias, "userId"),
		instantOr(t, alias, "expiresAt"),
		instantOr(t, alias, "createdAt"),
		instantOr(t, alias, "updatedAt"),
		textOf(t, alias, "ipAddress"),
		textOf(t, alias, "userAgent"),
		textOf(t, alias, "impersonatedBy"),
	}, ", ")
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// col returns a column that is known to be there, qualified.
func col(t *table, alias, camel string) string {
	c, _ := t.column(camel)
	return alias + "." + quote(c.name)
}

// textOf is a column as text; ” when it is null or not there.
func textOf(t *table, alias, camel string) string {
	c, ok := t.column(camel)
	if !ok {
		return "''"
	}
	return fmt.Sprintf("COALESCE(%s.%s::text, '')", alias, quote(c.name))
}

func boolOr(t *table, alias, camel string) string {
	c, ok := t.column(camel)
	if !ok {
		return "false"
	}
	return fmt.Sprintf("COALESCE(%s.%s, false)", alias, quote(c.name))
}

func instantOr(t *table, alias, camel string) string {
	c, ok := t.column(camel)
	if !ok {
		return "NULL::timestamptz"
	}
	return read(c, alias)
}

// read returns an instant column as timestamptz.
func read(c column, alias string) string {
	s := alias + "." + quote(c.name)
	if c.typ == "timestamp" {
		return "(" + s + " AT TIME ZONE 'UTC')"
	}
	return s
}

// instantArg returns parameter n, an instant, as a value for the column.
func instantArg(c column, n int) string {
	s := "$" + strconv.Itoa(n) + "::timestamptz"
	if c.typ == "timestamp" {
		return "(" + s + " AT TIME ZONE 'UTC')"
	}
	return s
}
