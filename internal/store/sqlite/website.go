package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
)

//go:embed website.sql
var websiteSchema string

// websiteTable is a table of the website and the columns of it that are read
// or written here.
type websiteTable struct {
	name    string
	columns []string
}

func websiteTables() []websiteTable {
	return []websiteTable{
		{"user", []string{
			"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt",
			"username", "displayUsername", "role", "banned", "banReason", "banExpires",
		}},
		{"session", []string{
			"id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy",
		}},
	}
}

// prepareWebsite makes the website's tables in a file that has neither of
// those needed, and checks them otherwise.
func (s *Store) prepareWebsite(ctx context.Context) error {
	return s.transact(ctx, "prepare the website's tables", func(t *sql.Tx) error {
		absent := 0
		var missing []string
		for _, table := range websiteTables() {
			lacks, err := missingColumns(ctx, t, table)
			if err != nil {
				return err
			}
			if len(lacks) == len(table.columns) {
				absent++
				missing = append(missing, "table "+table.name)
				continue
			}
			for _, column := range lacks {
				missing = append(missing, "column "+table.name+"."+column)
			}
		}
		switch {
		case absent == len(websiteTables()):
			_, err := t.ExecContext(ctx, websiteSchema)
			return err
		case len(missing) > 0:
			return errs.New(errs.FailedPrecondition, "WEBSITE_SCHEMA",
				"the website's tables lack what is needed: "+strings.Join(missing, ", ")+
					"; run the website's own migration with the plugins username and admin")
		}
		return nil
	})
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// missingColumns returns the needed columns that a table does not have; all
// of them when there is no such table.
func missingColumns(ctx context.Context, q querier, table websiteTable) (missing []string, err error) {
	have, err := texts(ctx, q, `SELECT name FROM pragma_table_info(?)`, table.name)
	if err != nil {
		return nil, err
	}
	for _, column := range table.columns {
		if !slices.Contains(have, column) {
			missing = append(missing, column)
		}
	}
	return missing, nil
}

// texts returns the one column of a query.
func texts(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
