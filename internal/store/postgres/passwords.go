package postgres

import "fmt"

// passwordSQL builds what tells one state of a user's password of the website
// from another: the ids and times of change of the rows that hold it. The hashes
// themselves are not read. Where that is not granted, only what we keep is asked
// for.
func (w *website) passwordSQL() {
	kept, join := "''", ""
	if w.passwordsSeen.on() {
		owner := col(w.account, "a", "userId")
		rows := fmt.Sprintf("string_agg(%s::text || ' ' || %s, ',' ORDER BY %s)",
			col(w.account, "a", "id"), w.clockText(w.account, "a", "updatedAt"), col(w.account, "a", "id"))
		from := fmt.Sprintf("FROM %s a WHERE %s::text = 'credential' AND %s", w.account.sql(), col(w.account, "a", "providerId"), owner)
		w.passwords = fmt.Sprintf("SELECT COALESCE(%s, '') %s = %s", rows, from, w.userID.bind(1))
		kept = "COALESCE(p.kept, '')"
		join = fmt.Sprintf(" LEFT JOIN (SELECT %s AS owner, %s AS kept %s = ANY(%s) GROUP BY %s) p ON p.owner = %s",
			owner, rows, from, w.userID.bindMany(), owner, col(w.user, "u", "id"))
	}
	id := col(w.user, "u", "id")
	w.checkPlayers = fmt.Sprintf("SELECT %s, COALESCE(g.password_hash, ''), %s FROM %s u%s LEFT JOIN game.account g ON g.user_id = %s::text WHERE %s = ANY(%s)",
		kept, w.userColumns(), w.user.sql(), join, id, id, w.userID.bindMany())
}

// clockText is an instant column as text that no setting of a server, a
// connection or ours has a part in; empty when it is null.
func (w *website) clockText(t *table, alias, camel string) string {
	at := col(t, alias, camel)
	if t.fields[camel].typ != "timestamp" {
		at += " AT TIME ZONE 'UTC'"
	}
	return "COALESCE(to_char(" + at + ", 'YYYY-MM-DD HH24:MI:SS.US'), '')"
}
