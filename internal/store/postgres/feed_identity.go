package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// identityQuery returns, for each table of $1, the columns by which the log
// tells which row was changed: those of its replica identity. None with FULL,
// with NOTHING, and where there is no such key.
const identityQuery = `SELECT COALESCE((
	SELECT array_agg(a.attname::text ORDER BY a.attnum)
	FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
	WHERE i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
), '{}')
FROM unnest($1::oid[]) WITH ORDINALITY x(oid, n) JOIN pg_class c ON c.oid = x.oid ORDER BY x.n`

// errHarmful says that a publication would stop the website.
var errHarmful = errors.New("a publication would keep the website from writing")

// harmless says which tables must not be published as they are: PostgreSQL
// would refuse the website's own updates and deletions of them.
func (f *replicationFeed) harmless(ctx context.Context, conn *pgx.Conn) error {
	oids, err := f.tableIDs(ctx, conn)
	if err != nil {
		return err
	}
	rows, err := conn.Query(ctx, identityQuery, oids)
	if err != nil {
		return translate(ctx, "look for the replica identities", err)
	}
	identities, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return translate(ctx, "look for the replica identities", err)
	}
	var harmed []string
	for i, columns := range identities {
		if p := f.tables[i]; !slices.Equal(columns, []string{p.id}) {
			harmed = append(harmed, p.name.Sanitize())
		}
	}
	if len(harmed) > 0 {
		return fmt.Errorf("%w: %w: the replica identity of %s is not the id alone; use CHANGE_FEED=triggers",
			errNoFeed, errHarmful, strings.Join(harmed, ", "))
	}
	return nil
}
