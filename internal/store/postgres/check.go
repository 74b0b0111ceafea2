package postgres

import (
	"context"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Check reports what a store would find in the database of cfg, without
// changing anything: the server, the website's tables, the schema "game" and
// the grants of the role. The error says why it could not look.
func Check(ctx context.Context, cfg Config) (store.Report, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return store.Report{}, err
	}
	rows := &rowSecurity{}
	pool, err := connect(ctx, cfg, rows, nil)
	if err != nil {
		return store.Report{}, err
	}
	defer pool.Close()
	feedConn, err := feedConfig(pool, cfg.FeedURL)
	if err != nil {
		return store.Report{}, err
	}
	return newStore(cfg, pool, rows, feedConn).check(ctx, cfg.site())
}

// Check reports as the function Check does, on the store's own connections.
func (s *Store) Check(ctx context.Context) (store.Report, error) {
	return s.check(ctx, s.web.site)
}

// Shape describes the website's tables as they are now, in a line each. If it
// differs later, what was found when the Store was opened is out of date.
func (s *Store) Shape(ctx context.Context) ([]string, error) {
	f, err := findWebsite(ctx, s.pool, s.web.site)
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(f.lines))
	for i, l := range f.lines {
		lines[i] = l.Object + ": " + l.Detail
	}
	return lines, nil
}

func (s *Store) check(ctx context.Context, where site) (store.Report, error) {
	var report store.Report
	var version, role, database string
	err := s.pool.QueryRow(ctx, `SELECT current_setting('server_version'), current_user::text, current_database()::text`).
		Scan(&version, &role, &database)
	if err != nil {
		return report, translate(ctx, "ask the server", err)
	}
	report.Add("server", true, fmt.Sprintf("PostgreSQL %s, database %q, role %q", version, database, role))

	f, err := findWebsite(ctx, s.pool, where)
	if err != nil {
		return report, err
	}
	report.Lines = append(report.Lines, f.lines...)
	report.Grants = append(report.Grants, f.grants...)

	have, want, err := versions(ctx, s.pool)
	switch {
	case errs.ReasonOf(err) == misconfigured:
		report.Add("schema game", false, errs.Of(err).Msg)
		return report, nil
	case err != nil:
		return report, err
	case have < want:
		report.Add("schema game", false, errBehind(have, want, "it is not migrated yet").Msg)
		return report, nil
	}
	if have > want {
		report.Add("schema game", true, fmt.Sprintf("version %d; a newer binary than this one (version %d) has been here", have, want))
	} else {
		report.Add("schema game", true, fmt.Sprintf("version %d, up to date", have))
	}
	missing, err := missingGrants(ctx, s.pool)
	if err != nil {
		return report, err
	}
	if len(missing) > 0 {
		report.Add("grants on schema game", false, errGrants(missing).Msg)
	} else {
		report.Add("grants on schema game", true, "complete")
	}
	if f.site == nil {
		return report, nil
	}
	s.web = f.site
	if err := s.oursShown(ctx); err != nil {
		// Until that is mended, what the rows say is not to be believed.
		if errs.ReasonOf(err) != misconfigured {
			return report, err
		}
		report.Add("rows of schema game", false, errs.Of(err).Msg)
		return report, nil
	}
	lines, err := s.sightLines(ctx)
	if err != nil {
		return report, err
	}
	report.Lines = append(report.Lines, lines...)
	for _, look := range []func(context.Context) ([]store.ReportLine, error){s.nameLines, s.assumedLines} {
		if lines, err = look(ctx); err != nil {
			return report, err
		}
		report.Lines = append(report.Lines, lines...)
	}
	ok, detail, err := s.checkFeed(ctx)
	if err != nil {
		return report, err
	}
	report.Add("change feed", ok, detail)
	return report, nil
}
