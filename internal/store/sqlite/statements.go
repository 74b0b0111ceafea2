package sqlite

import (
	"fmt"
	"strings"
)

// website holds the statements on the website's tables, made once from what
// was found in the file.
type website struct {
	user, session, account, verification *websiteTable
	// What keeps something from being done; empty where nothing does.
	noPasswordsSeen, noCredentials, noSessionMaking, noOneTimeTokens string

	getUser                           string // ?1
	getUserByUsername, getUserByEmail string // ?1 as asked for, ?2 in lower case
	usersByUsername, usersByEmail     string // ?1 in lower case; those who have it in any case
	getSession                        string // ?1 token
	refreshSession                    string // ?1 id, ?2 expiry, ?3 now
	checkSessions                     string // ?1 JSON array of [session id, user id]
	checkPlayers                      string // as checkSessions, with what is kept of passwords
	listUsers                         string // ?1 after, ?2 limit
	setBan                            string // ?1 id, ?2 banned, ?3 reason, ?4 until, ?5 now
	deleteSessions                    string // ?1 user id
	personOf, personsOf               string // ?1 id, ?1 JSON array of ids; see person.go
	anybody                           string // whether there are users

	credentialByID                            string // ?1
	credentialByUsername, credentialByEmail   string // ?1 as asked for, ?2 in lower case
	credentialsByUsername, credentialsByEmail string // ?1 in lower case; those who have it in any case
	passwords                                 string // ?1 user id
	revokeSession                             string // ?1 token
	redeemOneTime                             string // ?1 JSON array of identifiers
}

func newWebsite(user, session, account, verification *websiteTable) *website {
	w := &website{user: user, session: session, account: account, verification: verification}
	columns := userColumns(user)
	from := user.sql() + " u"
	by := func(condition string) string {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s", columns, from, condition)
	}
	w.personSQL()
	w.getUser = by(user.col("u", "id") + " = ?1")
	w.getUserByUsername, w.usersByUsername = by(user.named("username")), by(user.alike("username"))
	w.getUserByEmail, w.usersByEmail = by(user.named("email")), by(user.alike("email"))
	w.getSession = fmt.Sprintf("SELECT %s, %s FROM %s s JOIN %s ON %s = %s WHERE %s = ?1",
		strings.Join([]string{
			session.text("s", "id"), session.text("s", "userId"),
			session.text("s", "expiresAt"), session.text("s", "createdAt"), session.text("s", "updatedAt"),
			session.col("s", "ipAddress"), session.col("s", "userAgent"), session.text("s", "impersonatedBy"),
		}, ", "), columns, session.sql(), from, user.col("u", "id"), session.col("s", "userId"), session.col("s", "token"))
	w.refreshSession = fmt.Sprintf("UPDATE %s AS s SET %s = ?2, %s = ?3 WHERE %s = ?1", session.sql(),
		quote(session.columns["expiresAt"]), quote(session.columns["updatedAt"]), session.col("s", "id"))
	// A row for each entry, in order, with NULL for what there is not. Without a
	// session id the user is looked up by its own.
	check := func(site, game string) string {
		return fmt.Sprintf(`SELECT j.key, %s, %s, %s, %s, %s, %s, %s, %s, %s
		FROM json_each(?1) j
		LEFT JOIN %s s ON %s = json_extract(j.value, '$[0]')
		LEFT JOIN %s ON %s = CASE json_extract(j.value, '$[0]') WHEN '' THEN json_extract(j.value, '$[1]') ELSE %s END
		ORDER BY j.key`,
			session.text("s", "id"), session.text("s", "expiresAt"), session.text("s", "userId"),
			user.text("u", "id"), user.col("u", "banned"), user.text("u", "banExpires"), user.text("u", "createdAt"), site, game,
			session.sql(), session.col("s", "id"), from, user.col("u", "id"), session.col("s", "userId"))
	}
	w.checkSessions = check("NULL", "NULL")
	w.checkPlayers = check(w.passwordSQL(), "(SELECT json_array(g.password_hash, g.user_created_at, g.updated_at) FROM game_account g WHERE g.user_id = "+user.text("u", "id")+")")
	// The website's times, texts or numbers, order as they do.
	w.listUsers = fmt.Sprintf("SELECT %s FROM %s WHERE ?1 = '' OR (%s, %s) > (SELECT %s, %s FROM %s a WHERE %s = ?1) ORDER BY %s, %s LIMIT ?2",
		columns, from, user.col("u", "createdAt"), user.col("u", "id"), user.col("a", "createdAt"), user.col("a", "id"),
		user.sql(), user.col("a", "id"), user.col("u", "createdAt"), user.col("u", "id"))
	if user.has("banned") {
		w.setBan = fmt.Sprintf("UPDATE %s AS u SET %s = ?2, %s = ?3, %s = ?4, %s = ?5 WHERE %s = ?1", user.sql(),
			quote(user.columns["banned"]), quote(user.columns["banReason"]), quote(user.columns["banExpires"]),
			quote(user.columns["updatedAt"]), user.col("u", "id"))
	}
	w.deleteSessions = fmt.Sprintf("DELETE FROM %s AS s WHERE %s = ?1", session.sql(), session.col("s", "userId"))
	w.revokeSession = fmt.Sprintf("DELETE FROM %s AS s WHERE %s = ?1", session.sql(), session.col("s", "token"))
	w.credentialSQL()
	w.oneTimeSQL()
	return w
}

// userColumns are what userRow scans.
func userColumns(t *websiteTable) string {
	return strings.Join([]string{
		t.text("u", "id"), t.col("u", "name"), t.col("u", "username"), t.col("u", "displayUsername"), t.col("u", "email"),
		t.col("u", "emailVerified"), t.col("u", "image"), t.col("u", "role"), t.col("u", "banned"), t.col("u", "banReason"),
		t.text("u", "banExpires"), t.text("u", "createdAt"), t.text("u", "updatedAt"),
	}, ", ")
}
