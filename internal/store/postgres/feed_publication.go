package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container image has none of its own

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	// feedPublication names what is published to the feed.
	feedPublication = "waystone_feed"
	// columnLists is the server version from which a publication can leave
	// columns out: older ones would send passwords and tokens.
	columnLists = 150000
)

// published is a table of the publication and what is published of it.
type published struct {
	table   store.Table
	name    pgx.Identifier
	columns []string // columns that are published, in the order of the fields below
	// The names of columns as the table has them; "" for one it does not have.
	id, owner, banned, banExpires, expires, provider string
	// part is the id of a row that is a part of the row with id.
	part string
	zone *time.Location // of times without one
}

// publishedTables returns what is published. None of it is secret.
func (w *website) publishedTables() []published {
	name := func(t *table, camel string) string {
		c, _ := t.column(camel)
		return c.name
	}
	tables := []published{
		{
			table: store.TableUser, name: pgx.Identifier{w.user.schema, w.user.name}, id: name(w.user, "id"),
			banned: name(w.user, "banned"), banExpires: name(w.user, "banExpires"),
		},
		{
			table: store.TableSession, name: pgx.Identifier{w.session.schema, w.session.name}, id: name(w.session, "id"),
			owner: name(w.session, "userId"), expires: name(w.session, "expiresAt"),
		},
		{
			table: store.TableAccount, name: pgx.Identifier{w.account.schema, w.account.name}, id: name(w.account, "id"),
			owner: name(w.account, "userId"), provider: name(w.account, "providerId"),
		},
		{table: store.TableCharacter, name: pgx.Identifier{"game", "character"}, id: "id", owner: "user_id"},
		// What happens to an item is a change of the character who has it.
		{table: store.TableCharacter, name: pgx.Identifier{"game", "item"}, id: "character_id", part: "id"},
	}
	// findWebsite has checked the name with the server, but the server may know
	// zones that are not known here.
	zone, err := time.LoadLocation(w.zone)
	if err != nil {
		zone = time.UTC
	}
	for i := range tables {
		p := &tables[i]
		p.zone = zone
		for _, c := range []string{p.id, p.owner, p.banned, p.banExpires, p.expires, p.provider, p.part} {
			if c != "" {
				p.columns = append(p.columns, c)
			}
		}
	}
	return tables
}

// publishSQL returns the statement that creates the publication or, with ALTER,
// updates it.
func publishSQL(verb string, tables []published) string {
	list := make([]string, len(tables))
	for i, p := range tables {
		columns := make([]string, len(p.columns))
		for j, c := range p.columns {
			columns[j] = quote(c)
		}
		list[i] = fmt.Sprintf("%s (%s)", p.name.Sanitize(), strings.Join(columns, ", "))
	}
	if verb == "ALTER" {
		return fmt.Sprintf("ALTER PUBLICATION %s SET TABLE %s", feedPublication, strings.Join(list, ", "))
	}
	return fmt.Sprintf("CREATE PUBLICATION %s FOR TABLE %s", feedPublication, strings.Join(list, ", "))
}

// allowed returns an error that says why the server or the role does not allow
// the feed. It changes nothing.
func (f *replicationFeed) allowed(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var level, role string
	var may, there, same, owns bool
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('wal_level'), rolreplication OR rolsuper, rolname::text
		FROM pg_roles WHERE rolname = current_user`).Scan(&version, &level, &may, &role)
	switch {
	case err != nil:
		return translate(ctx, "ask the server what it allows", err)
	case version < columnLists:
		return fmt.Errorf("%w: it needs PostgreSQL 15 or newer, where a publication can leave out columns that hold secrets", errNoFeed)
	case level != "logical":
		return fmt.Errorf("%w: it needs wal_level = logical: a superuser has to run ALTER SYSTEM SET wal_level = logical, and PostgreSQL to be restarted; it is %s", errNoFeed, level)
	case !may:
		return fmt.Errorf("%w: the role may not replicate: a superuser has to run ALTER ROLE %s REPLICATION", errNoFeed, pgx.Identifier{role}.Sanitize())
	}
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
		return err
	}
	if err := f.harmless(ctx, conn, oids); err != nil {
		return err
	}
	var mark string
	if err := conn.QueryRow(ctx, publicationQuery, feedPublication, f.want()).Scan(&there, &same, &mark); err != nil || same {
		return translate(ctx, "look for the publication", err)
	}
	err = conn.QueryRow(ctx, `SELECT has_database_privilege(current_database(), 'CREATE') AND bool_and(pg_has_role(relowner, 'USAGE'))
		FROM pg_class WHERE oid = ANY($1::oid[])`, oids).Scan(&owns)
	if err == nil && !owns {
		return f.errPublish(there)
	}
	return translate(ctx, "look for the owner of the tables", err)
}

// identityQuery returns the kind of table $1 and the columns of its replica
// identity.
const identityQuery = `SELECT c.relkind::text, c.relreplident::text, COALESCE((
	SELECT array_agg(a.attname::text) FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
	WHERE i.indrelid = c.oid AND i.indisvalid
		AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)
), '{}')
FROM pg_class c WHERE c.oid = $1`

// harmless returns an error if the publication would make the server refuse the
// website's own UPDATE and DELETE. The server does that if the published
// columns do not contain the replica identity.
func (f *replicationFeed) harmless(ctx context.Context, conn *pgx.Conn, oids []uint32) error {
	for i, p := range f.tables {
		var kind, identity string
		var key []string
		if err := conn.QueryRow(ctx, identityQuery, oids[i]).Scan(&kind, &identity, &key); err != nil {
			return translate(ctx, "look at the replica identity", err)
		}
		outside := slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(p.columns, c) })
		switch {
		case kind != "r":
			return fmt.Errorf("%w: %s is not an ordinary table", errNoFeed, p.name.Sanitize())
		case identity == "f" || len(key) == 0 || outside:
			return fmt.Errorf("%w: to publish %s would break the website's updates of it, for its replica identity is not its key (%s): "+
				"its owner has to give it a primary key of that column, and ALTER TABLE %s REPLICA IDENTITY DEFAULT",
				errNoFeed, p.name.Sanitize(), quote(p.id), p.name.Sanitize())
		}
	}
	return nil
}

// errPublish returns an error with the statement that the owner has to run.
func (f *replicationFeed) errPublish(there bool) error {
	verb := "CREATE"
	if there {
		verb = "ALTER"
	}
	return fmt.Errorf("%w: the role may not make the publication of the change feed: the owner of the tables has to run: %s",
		errNoFeed, publishSQL(verb, f.tables))
}

// publish creates or corrects the publication if necessary.
func (f *replicationFeed) publish(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, feedInstallTimeout)
	defer cancel()
	var there, same bool
	var mark string
	look := func(q queryer) error {
		return q.QueryRow(ctx, publicationQuery, feedPublication, f.want()).Scan(&there, &same, &mark)
	}
	if err := look(conn); err != nil || same {
		return err
	}
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
		return err
	}
	if err := f.harmless(ctx, conn, oids); err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Not with an advisory lock, because any role that may connect can hold
		// one.
		if _, err := tx.Exec(ctx, `SELECT FROM game.secret WHERE name = 'feed' FOR UPDATE`); err != nil {
			return err
		}
		if err := look(tx); err != nil || same { // another replica was faster
			return err
		}
		verb := "CREATE"
		if there {
			verb = "ALTER"
		}
		if _, err := tx.Exec(ctx, publishSQL(verb, f.tables)); err != nil || !there {
			return err
		}
		_, err := tx.Exec(ctx, "ALTER PUBLICATION "+feedPublication+" SET (publish = 'insert, update, delete, truncate')")
		return err
	})
	if denied(err) {
		return f.errPublish(there)
	}
	return err
}

// publicationQuery returns whether publication $1 exists, whether it publishes
// exactly what $2 says, of the tables that have those names now, and a mark.
// The mark differs after any change, even if everything looks the same again.
const publicationQuery = `SELECT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = $1), COALESCE((
	SELECT array_agg(format('%s.%s (%s)', schemaname, tablename, (SELECT string_agg(a, ', ' ORDER BY a COLLATE "C") FROM unnest(attnames::text[]) a))
		ORDER BY schemaname COLLATE "C", tablename COLLATE "C") FILTER (WHERE rowfilter IS NULL)
	FROM pg_publication_tables WHERE pubname = $1
) = $2::text[], false)
	AND (SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_publication WHERE pubname = $1),
	COALESCE((SELECT format('%s %s ', oid, xmin) FROM pg_publication WHERE pubname = $1), '') || COALESCE((
		SELECT string_agg(format('%s %s', r.oid, r.xmin), ' ' ORDER BY r.oid)
		FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1
	), '')`

// want is what publicationQuery compares with.
func (f *replicationFeed) want() []string {
	tables := slices.Clone(f.tables)
	slices.SortFunc(tables, func(a, b published) int { return slices.Compare(a.name, b.name) })
	list := make([]string, len(tables))
	for i, p := range tables {
		columns := slices.Sorted(slices.Values(p.columns))
		list[i] = fmt.Sprintf("%s.%s (%s)", p.name[0], p.name[1], strings.Join(columns, ", "))
	}
	return list
}

func (f *replicationFeed) tableIDs(ctx context.Context, conn *pgx.Conn) ([]uint32, error) {
	oids := make([]uint32, len(f.tables))
	for i, p := range f.tables {
		if err := conn.QueryRow(ctx, `SELECT $1::text::regclass::oid`, p.name.Sanitize()).Scan(&oids[i]); err != nil {
			return nil, fmt.Errorf("look for table %s: %w", p.name.Sanitize(), err)
		}
	}
	return oids, nil
}
