package postgres

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// feedTable is a table with our triggers.
type feedTable struct {
	table  store.Table
	key    string // in messages and names of functions
	name   pgx.Identifier
	fields func(row string) string // of one row, as arguments of json_build_object
	was    string                  // likewise, of the row before an update
	same   string                  // condition: rows o and n are one, of one owner
	id     func(row string) string // the key
}

// feedTables returns the tables, with the values of their rows that are sent.
// None of these is secret.
func (w *website) feedTables() []feedTable {
	id := func(t *table, row string) string { return fmt.Sprintf("'i', %s::text", col(t, row, "id")) }
	owner := func(t *table, row string) string { return fmt.Sprintf("'u', %s::text", col(t, row, "userId")) }
	sameRow := func(t *table) string {
		return fmt.Sprintf("%s = %s AND %s = %s", col(t, "o", "id"), col(t, "n", "id"), col(t, "o", "userId"), col(t, "n", "userId"))
	}
	key := func(t *table) func(string) string { return func(row string) string { return col(t, row, "id") } }
	ours := func(row string) string { return row + ".id" }
	user := feedTable{
		id:    key(w.user),
		same:  fmt.Sprintf("%s = %s", col(w.user, "o", "id"), col(w.user, "n", "id")),
		table: store.TableUser, key: "user", name: pgx.Identifier{w.user.schema, w.user.name},
		fields: func(row string) string { return id(w.user, row) },
	}
	if w.admin {
		user.fields = func(row string) string {
			return fmt.Sprintf("%s, 'b', COALESCE(%s, false), 'e', %s", id(w.user, row), col(w.user, row, "banned"), epochMillis(w.read(w.user, row, "banExpires")))
		}
		user.was = fmt.Sprintf("'w', COALESCE(%s, false)", col(w.user, "o", "banned"))
	}
	return []feedTable{
		user,
		{
			id:    key(w.session),
			same:  sameRow(w.session),
			table: store.TableSession, key: "session", name: pgx.Identifier{w.session.schema, w.session.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'e', %s", id(w.session, row), owner(w.session, row), epochMillis(w.read(w.session, row, "expiresAt")))
			},
		},
		{
			id:    key(w.account),
			same:  sameRow(w.account),
			table: store.TableAccount, key: "account", name: pgx.Identifier{w.account.schema, w.account.name},
			fields: func(row string) string {
				return fmt.Sprintf("%s, %s, 'c', %s = 'credential'", id(w.account, row), owner(w.account, row), col(w.account, row, "providerId"))
			},
		},
		{
			id:    ours,
			same:  "o.id = n.id AND o.user_id = n.user_id",
			table: store.TableCharacter, key: "character", name: pgx.Identifier{"game", "character"},
			fields: func(row string) string { return fmt.Sprintf("'i', %[1]s.id::text, 'u', %[1]s.user_id", row) },
		},
		{
			// A change of an item is a change of the character that has it.
			id:    ours,
			same:  "o.id = n.id AND o.character_id = n.character_id",
			table: store.TableCharacter, key: "item", name: pgx.Identifier{"game", "item"},
			fields: func(row string) string { return fmt.Sprintf("'i', %s.character_id::text", row) },
		},
	}
}

// epochMillis is a time in milliseconds since 1970. Infinity is the last time
// in the year 9999.
func epochMillis(at string) string {
	return fmt.Sprintf("CASE %[1]s WHEN 'infinity' THEN 253402300799999 WHEN '-infinity' THEN 0 ELSE (extract(epoch FROM %[1]s) * 1000)::bigint END", at)
}

// functionSQL returns the statement that creates the function of a table's
// triggers. The function sends each row. If there are many rows, or if anything
// goes wrong, it sends that any row may have changed: an error here would make
// the website's statement fail. So everything that can fail is inside of the
// block that catches errors.
//
// The server leaves out a notification that is equal to an earlier one of the
// same transaction, so each has a unique value. Without it, if a user is
// banned, unbanned and banned again in one transaction, the unban would be the
// last notification. Notifications that any row may have changed do not need
// it.
//
// The number of sent notifications is kept in a setting, which any session may
// write. It is used only if the number of the transaction is with it. Any other
// content is ignored.
func (t feedTable) functionSQL() string {
	count := func(from string) string {
		return fmt.Sprintf("SELECT count(*) INTO n FROM (SELECT FROM %s LIMIT %d) l;", from, feedRows+1)
	}
	// tell returns the SQL that sends the rows (text r, in the order of k) in
	// parts.
	tell := func(rows string) string {
		return fmt.Sprintf(`
		FOR part IN SELECT string_agg(r, ',' ORDER BY k) FROM (%s) q GROUP BY (k - 1) / %d ORDER BY min(k) LOOP
			told := told + 1;
			PERFORM pg_notify(channel, format('{"t":"%s","x":"%%s","n":"%%s","r":[%%s]}', xid, gen_random_uuid(), part));
		END LOOP;`, rows, feedPart, t.key)
	}
	row := func(op, fields string) string {
		return fmt.Sprintf("json_build_object('o', '%s', %s)::text", op, fields)
	}
	updated := t.fields("n")
	if t.was != "" {
		updated += ", " + t.was
	}
	// If a row has another key or owner now, the old row is sent as deleted.
	update := fmt.Sprintf(`
			SELECT CASE WHEN %[1]s IS NULL THEN %[2]s WHEN %[3]s IS NULL THEN %[4]s ELSE %[5]s END AS r,
				row_number() OVER (ORDER BY %[1]s IS NOT NULL) AS k
			FROM new_rows n FULL JOIN old_rows o ON %[6]s`,
		t.id("n"), row("delete", t.fields("o")), t.id("o"), row("insert", t.fields("n")), row("update", updated), t.same)
	body := fmt.Sprintf(`
DECLARE
	channel text;
	xid text;
	many text;
	n bigint;
	told bigint := 0;
	part text;
BEGIN
	xid := pg_current_xact_id()::text;
	many := format('{"t":"%[1]s","x":"%%s","r":[{"o":"many"}]}', xid);
	SELECT %[2]s INTO channel FROM game.secret WHERE name = 'feed';
	IF TG_OP = 'INSERT' THEN %[3]s
	ELSIF TG_OP = 'UPDATE' THEN %[4]s
	ELSIF TG_OP = 'DELETE' THEN %[5]s
	END IF;
	IF n = 0 THEN
		RETURN NULL;
	END IF;
	part := current_setting('waystone_feed.told', true);
	IF split_part(part, ' ', 1) = xid AND split_part(part, ' ', 2) ~ '^[0-9]{1,9}$' THEN
		told := split_part(part, ' ', 2)::bigint;
	END IF;
	IF n IS NULL OR n > %[6]d OR told > %[7]d THEN
		PERFORM pg_notify(channel, many);
		RETURN NULL;
	END IF;
	IF TG_OP = 'INSERT' THEN%[8]s
	ELSIF TG_OP = 'UPDATE' THEN%[9]s
	ELSE%[10]s
	END IF;
	PERFORM set_config('waystone_feed.told', xid || ' ' || told, true);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	BEGIN
		RAISE WARNING 'waystone: a change of %[1]s could not be told in full: %%', SQLERRM;
		PERFORM pg_notify(channel, many);
	EXCEPTION WHEN OTHERS THEN
		RAISE WARNING 'waystone: a change of %[1]s could not be told: %%', SQLERRM;
	END;
	RETURN NULL;
END `, t.key, channelOf("value"),
		count("new_rows"), count("new_rows"), count("old_rows"), feedRows, feedTold,
		tell(fmt.Sprintf("SELECT %s AS r, row_number() OVER () AS k FROM new_rows n", row("insert", t.fields("n")))),
		tell(update),
		tell(fmt.Sprintf("SELECT %s AS r, row_number() OVER () AS k FROM old_rows o", row("delete", t.fields("o")))))
	return fmt.Sprintf("CREATE OR REPLACE FUNCTION %s() RETURNS trigger\n"+
		"LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %s", t.function(), dollarQuote(body))
}

// function is the name of the table's function.
func (t feedTable) function() string { return feedSchema + "." + feedFunction + t.key }

// channelOf is the channel of a column of game.secret: 128 random bits, in a
// name that is short enough for the server.
func channelOf(column string) string {
	return fmt.Sprintf("'waystone_' || encode(substr(%s, 1, 16), 'hex')", column)
}

// dollarQuote quotes text with names of the website. They may contain anything,
// even the end of the quotes.
func dollarQuote(text string) string {
	tag := "$feed$"
	for i := 0; strings.Contains(text, tag); i++ {
		tag = fmt.Sprintf("$feed%d$", i)
	}
	return tag + text + tag
}
