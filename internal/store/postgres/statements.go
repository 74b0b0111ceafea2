package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// website holds what was found and the statements on it, made once from what
// the catalog said. Ids are cast to text when read and from text when bound;
// instants are timestamptz on our side whatever the column is, a column
// without a zone being the wall clock of site.zone.
type website struct {
	site
	role                   string
	user, session, account *table
	userID                 idType
	sessionID, tokenType   idType
	admin                  bool // the columns of the admin plugin are there
	mayRefresh             bool
	refreshGrant           string
	verification           *table // nil where there is none
	// Options that are off until the owner grants them.
	credentials, passwordsSeen, sessionMaking, sessionEnding, oneTimeTokens option

	getKnownUser                      string   // $1 id; the next ones return a row also where there is no user
	getUser                           string   // $1
	getUserByUsername, getUserByEmail string   // $1 as asked for, $2 in lower case
	usersByUsername, usersByEmail     string   // $1 in lower case; those who have it in any case
	getSession                        string   // $1 token
	refreshSession                    string   // $1 token, $2 now, $3 new expiry, $4 due when it ends by then
	refreshSessions                   string   // $1 ids, the others as above
	checkSessions, checkUsers         string   // $1 ids
	checkPlayers                      string   // $1 ids; checkUsers with what is kept of passwords
	listUsers                         string   // $1 limit
	listUsersAfter                    string   // $1 limit, $2 id
	setBan                            string   // $1 id, $2 banned, $3 reason, $4 until, $5 now
	deleteSessions                    string   // $1 user id
	personOf, personsOf               string   // $1 id, $1 ids; see person.go
	adopt                             []string // fill in whose rows of ours are
	sweep                             sweepStatements

	// Of what may be off, empty where it is.
	credentialByID                            string // $1
	credentialByUsername, credentialByEmail   string // $1 as asked for, $2 in lower case
	credentialsByUsername, credentialsByEmail string // $1 in lower case; those who have it in any case
	passwords                                 string // $1 user id; one row for each that holds a password
	createSession                             string // $1 user id, $2 now, $3 token, $4 expiry, $5 address, $6 user agent, $7 id
	tokenTaken, revokeSession                 string // $1 token
	redeemOneTime                             string // $1 identifiers, $2 now
}

func newWebsite(role string, where site, user, session, account, verification *table) *website {
	w := &website{site: where, role: role, user: user, session: session, account: account, verification: verification}
	w.userID, w.sessionID = idType(user.fields["id"].typ), idType(session.fields["id"].typ)
	w.tokenType = idType(session.fields["token"].typ)
	_, w.admin = user.column("banned")
	w.findRefresh()

	u, s := w.userColumns(), w.sessionColumns("s")
	uFrom, sFrom := user.sql()+" u", session.sql()+" s"
	uID := col(user, "u", "id")
	sameUser := uID + " = " + col(session, "s", "userId")
	byUser := func(where string) string {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s", u, uFrom, where)
	}

	// The join to one row that always exists returns the snapshot even if there
	// is no user. It makes the server work half as long again.
	one := func(columns, from, where string) string {
		return fmt.Sprintf("SELECT pg_current_snapshot()::text, %s FROM (SELECT) one LEFT JOIN %s ON %s", columns, from, where)
	}
	w.getKnownUser = fmt.Sprintf("SELECT pg_current_snapshot()::text, %s FROM %s WHERE %s = %s", u, uFrom, uID, w.userID.bind(1))
	w.getUser = one(u, uFrom, uID+" = "+w.userID.bind(1))
	few := func(condition string) string {
		return fmt.Sprintf("(SELECT * FROM %s WHERE %s LIMIT %d) u", uFrom, condition, store.MaxAlike)
	}
	w.getUserByEmail, w.usersByEmail = one(u, uFrom, w.named("email")), one(u, few(w.alike("email")), "true")
	if _, ok := user.column("username"); ok {
		w.getUserByUsername, w.usersByUsername = one(u, uFrom, w.named("username")), one(u, few(w.alike("username")), "true")
	}
	w.personSQL()
	w.sweepSQL()
	w.getSession = one(s+", "+u, fmt.Sprintf("(%s JOIN %s ON %s)", sFrom, uFrom, sameUser), w.hasToken())
	w.refreshSession = w.refreshSQL(uFrom, w.hasToken()+" AND "+sameUser+w.due())
	w.refreshSessions = w.refreshManySQL(uFrom, sameUser)
	w.checkSessions = fmt.Sprintf("SELECT %s::text, %s::text, %s FROM %s WHERE %s = ANY(%s)",
		col(session, "s", "id"), col(session, "s", "userId"), w.read(session, "s", "expiresAt"), sFrom,
		col(session, "s", "id"), w.sessionID.bindMany())
	w.checkUsers = byUser(uID + " = ANY(" + w.userID.bindMany() + ")")

	created := col(user, "u", "createdAt")
	order := fmt.Sprintf(" ORDER BY %s, %s LIMIT $1", created, uID)
	w.listUsers = byUser("true") + order
	w.listUsersAfter = byUser(fmt.Sprintf("(%s, %s) > (SELECT %s, %s FROM %s a WHERE %s = %s)",
		created, uID, col(user, "a", "createdAt"), col(user, "a", "id"), user.sql(), col(user, "a", "id"), w.userID.bind(2))) + order
	w.setBan = w.banSQL(uFrom)
	w.deleteSessions = fmt.Sprintf("DELETE FROM %s WHERE %s = %s",
		sFrom, col(session, "s", "userId"), idType(session.fields["userId"].typ).bind(1))
	w.findOptions(role)
	w.passwordSQL()
	w.credentialSQL()
	w.sessionSQL()
	w.oneTimeSQL()
	return w
}

// named is the condition that user u has $1 or $2 in a column, by its index.
func (w *website) named(camel string) string { return col(w.user, "u", camel) + " IN ($1, $2)" }

// alike is the condition that user u has $1 in a column in any case.
func (w *website) alike(camel string) string {
	return "lower(" + col(w.user, "u", camel) + "::text) = $1"
}

// findRefresh finds out whether the role may prolong sessions.
func (w *website) findRefresh() {
	var lacks []string
	if !w.session.fields["expiresAt"].mayUpdate || !w.session.fields["updatedAt"].mayUpdate {
		lacks = append(lacks, fmt.Sprintf("GRANT UPDATE (%s, %s) ON %s TO %s",
			columnName(w.session, "expiresAt"), columnName(w.session, "updatedAt"), w.session.sql(), quote(w.role)))
	}
	for _, f := range []string{"expiresAt", "updatedAt"} {
		if c := w.session.fields[f]; c.generated {
			lacks = append(lacks, fmt.Sprintf("a column %q of %s that is not generated", c.name, w.session.sql()))
		}
	}
	if w.session.rules.blocks(cmdUpdate) {
		lacks = append(lacks, w.session.mend(cmdUpdate, quote(w.role)))
	}
	w.mayRefresh, w.refreshGrant = len(lacks) == 0, strings.Join(lacks, "; ")
}

// refreshSQL prolongs sessions. It never shortens one, and never creates a
// deleted row again.
func (w *website) refreshSQL(from, where string) string {
	expires := w.read(w.session, "s", "expiresAt")
	return fmt.Sprintf("UPDATE %s s SET %s = %s, %s = %s FROM %s WHERE %s", w.session.sql(),
		columnName(w.session, "expiresAt"), w.write(w.session, "expiresAt", "GREATEST("+expires+", $3::timestamptz)"),
		columnName(w.session, "updatedAt"), w.write(w.session, "updatedAt", "$2::timestamptz"), from, where)
}

// due is the condition that session s of user u is alive and has to be
// prolonged, with its AND. It compares points in time and not wall clocks,
// which go back once a year in most zones.
func (w *website) due() string {
	expires := w.read(w.session, "s", "expiresAt")
	return fmt.Sprintf(" AND %s >= $2::timestamptz AND %s <= $4::timestamptz%s", expires, expires, w.notBanned())
}

// refreshManySQL prolongs those of many sessions that are due. It skips locked
// rows: if two statements waited for each other's rows, that would be a
// deadlock, and the server could cancel the website's own statement.
func (w *website) refreshManySQL(uFrom, sameUser string) string {
	id := columnName(w.session, "id")
	due := fmt.Sprintf("(SELECT s.%s FROM %s s JOIN %s ON %s WHERE s.%s = ANY(%s)%s FOR NO KEY UPDATE OF s SKIP LOCKED) d",
		id, w.session.sql(), uFrom, sameUser, id, w.sessionID.bindMany(), w.due())
	return w.refreshSQL(due, "s."+id+" = d."+id) + " RETURNING s." + id + "::text"
}

// notBanned is the condition that user u is not banned at $2, with its AND.
func (w *website) notBanned() string {
	if !w.admin {
		return ""
	}
	until := w.read(w.user, "u", "banExpires")
	return fmt.Sprintf(" AND NOT (COALESCE(%s, false) AND (%s IS NULL OR %s >= $2::timestamptz))",
		col(w.user, "u", "banned"), until, until)
}

func (w *website) banSQL(uFrom string) string {
	if !w.admin {
		return ""
	}
	return fmt.Sprintf("UPDATE %s SET %s = $2, %s = %s, %s = %s, %s = %s WHERE %s = %s", uFrom,
		columnName(w.user, "banned"), columnName(w.user, "banReason"), w.user.fit("banReason", "$3"),
		columnName(w.user, "banExpires"), w.write(w.user, "banExpires", "$4::timestamptz"),
		columnName(w.user, "updatedAt"), w.write(w.user, "updatedAt", "$5::timestamptz"),
		col(w.user, "u", "id"), w.userID.bind(1))
}

// userColumns lists what userRow scans of the user table as u.
func (w *website) userColumns() string {
	const alias = "u"
	t := w.user
	return strings.Join([]string{
		col(t, alias, "id") + "::text",
		textOf(t, alias, "name"),
		textOf(t, alias, "username"),
		textOf(t, alias, "displayUsername"),
		textOf(t, alias, "email"),
		boolOr(t, alias, "emailVerified"),
		textOf(t, alias, "image"),
		// better-auth treats an empty role as no role.
		"COALESCE(NULLIF(" + textOf(t, alias, "role") + ", ''), 'user')",
		boolOr(t, alias, "banned"),
		textOf(t, alias, "banReason"),
		w.read(t, alias, "banExpires"),
		w.read(t, alias, "createdAt"),
		w.read(t, alias, "updatedAt"),
	}, ", ")
}

// sessionColumns lists what sessionRow scans; the token is not read.
func (w *website) sessionColumns(alias string) string {
	t := w.session
	return strings.Join([]string{
		col(t, alias, "id") + "::text",
		textOf(t, alias, "userId"),
		w.read(t, alias, "expiresAt"),
		w.read(t, alias, "createdAt"),
		w.read(t, alias, "updatedAt"),
		textOf(t, alias, "ipAddress"),
		textOf(t, alias, "userAgent"),
		textOf(t, alias, "impersonatedBy"),
	}, ", ")
}

// columnName returns the quoted name of a column that is known to exist.
func columnName(t *table, camel string) string { return quote(t.fields[camel].name) }

// col is columnName, qualified.
func col(t *table, alias, camel string) string { return alias + "." + columnName(t, camel) }

// textOf is a column as text; empty if it is null or does not exist.
func textOf(t *table, alias, camel string) string {
	if _, ok := t.column(camel); !ok {
		return "''"
	}
	return "COALESCE(" + t.asText(alias, camel) + ", '')"
}

func boolOr(t *table, alias, camel string) string {
	if _, ok := t.column(camel); !ok {
		return "false"
	}
	return fmt.Sprintf("COALESCE(%s, false)", col(t, alias, camel))
}

// read returns a time column as timestamptz; null if it does not exist.
func (w *website) read(t *table, alias, camel string) string {
	c, ok := t.column(camel)
	switch {
	case !ok:
		return "NULL::timestamptz"
	case c.typ == "timestamp":
		return "(" + col(t, alias, camel) + w.atZone() + ")"
	}
	return col(t, alias, camel)
}

// write returns a timestamptz as a value for the column.
func (w *website) write(t *table, camel, value string) string {
	if t.fields[camel].typ == "timestamp" {
		return "(" + value + w.atZone() + ")"
	}
	return value
}

func (w *website) atZone() string {
	return " AT TIME ZONE '" + strings.ReplaceAll(w.zone, "'", "''") + "'"
}

// instantParam returns parameter n, an instant, as a value for the column.
func (w *website) instantParam(t *table, camel string, n int) string {
	return w.write(t, camel, "$"+strconv.Itoa(n)+"::timestamptz")
}
